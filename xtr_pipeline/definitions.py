"""What Dagster loads: `dagster dev`, `dagster asset materialize -m xtr_pipeline.definitions`."""

from xtr_pipeline.orchestration.build import build_defs

defs = build_defs()
