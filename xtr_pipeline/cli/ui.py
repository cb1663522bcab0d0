"""`xtr ui`: the Dagster web UI over the same storage as `xtr run`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def ui(
    profile: Annotated[str, typer.Option(help="Whose storage to show: full or quick.")] = "full",
    port: Annotated[int, typer.Option(help="Port on localhost.")] = 3000,
) -> None:
    """Open the web UI: the lineage graph, every materialisation with its metadata, checks, the nightly schedule.

    The same as `DAGSTER_HOME=.xtr/dagster dagster dev -w workspace.yaml`, with the folder made if it is not there yet.
    """
    os.environ["XTR_PROFILE"] = profile
    from xtr_pipeline.orchestration.instance import dagster_home
    from xtr_pipeline.orchestration.project import locate_project

    project = locate_project(os.environ)
    os.environ["DAGSTER_HOME"] = str(dagster_home(project.files.home))
    os.chdir(project.root)
    dagster = str(Path(sys.executable).with_name("dagster"))
    os.execv(dagster, [dagster, "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)])
