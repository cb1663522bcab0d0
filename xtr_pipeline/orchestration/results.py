"""From a pure function's value to a materialisation that knows what made it."""

import base64
from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from xtr_pipeline.evaluation.report import frame_markdown
from xtr_pipeline.orchestration.outside import outside_versions
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.versions import INPUTS_TAG, Versions, data_version

Record = dict[str, Any]
"""A JSON value with a `fingerprint`: an artefact that lies in a folder of the run storage."""

Result = dg.MaterializeResult[Any]


def partition_of(context: dg.AssetExecutionContext) -> str | None:
    """The partition that is being materialised, or None for an unpartitioned asset."""
    return context.partition_key if context.assets_def.partitions_def is not None else None


def inputs_version(context: dg.AssetExecutionContext, project: Project) -> str:
    """Fingerprint of the running asset's inputs; taken before the work, so that a change during it is seen later."""
    graph = context.job_def.asset_layer.asset_graph
    versions = Versions(context.instance, graph, outside_versions(project))
    return versions.current(context.asset_key, partition_of(context))


def materialised(value: Any, inputs: str, metadata: Mapping[str, Any]) -> Result:
    """The result of an asset: value, content version, inputs fingerprint, and metadata for a person."""
    rows = {"dagster/row_count": value.height} if isinstance(value, pl.DataFrame) else {}
    return Result(
        value=value,
        data_version=dg.DataVersion(data_version(value)),
        tags={INPUTS_TAG: inputs},
        metadata={**rows, **metadata},
    )


def by_partition(value: Any, keys: list[str]) -> dict[str, Any]:
    """A fan-in input as a dict: Dagster gives the bare value when exactly one partition is defined."""
    return dict(value) if isinstance(value, dict) and not {"fingerprint"} & value.keys() else {keys[0]: value}


def table(frame: pl.DataFrame, limit: int = 50) -> dg.MetadataValue[Any]:
    """A small frame as a table in the web UI."""
    return dg.MetadataValue.md(frame_markdown(frame, limit))


def picture(png: bytes, what: str) -> dg.MetadataValue[Any]:
    """A plot in the web UI, which has no image type: embedded in markdown, so it should stay below 50 kB."""
    return dg.MetadataValue.md(f"![{what}](data:image/png;base64,{base64.b64encode(png).decode()})")
