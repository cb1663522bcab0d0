"""The Dagster instance of a run storage: one place for `xtr run`, `xtr ui` and plain `dagster` commands."""

from pathlib import Path

import dagster as dg

SETTINGS = """\
# written once by xtr; edit freely
telemetry:
  enabled: false
nux:
  enabled: false
# two MLX steps at once would share the same cores and memory
concurrency:
  pools:
    granularity: op
    default_limit: 1
# the daemon frees the pool slots of runs that have ended; `xtr run` frees those of its own killed runs
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 60
"""


def dagster_home(home: Path) -> Path:
    """The folder to name in DAGSTER_HOME, with its `dagster.yaml`."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.exists():
        settings.write_text(SETTINGS)
    return folder


def open_instance(home: Path) -> dg.DagsterInstance:
    """The persistent instance under a run storage."""
    return dg.DagsterInstance.from_config(str(dagster_home(home)))
