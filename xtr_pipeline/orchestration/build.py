"""Everything that Dagster knows of, listed once."""

import os

import dagster as dg

from xtr_pipeline.orchestration.assets.corpus import corpus_assets
from xtr_pipeline.orchestration.assets.judge import judge_assets
from xtr_pipeline.orchestration.assets.release import release_assets
from xtr_pipeline.orchestration.assets.retrieval import retrieval_assets
from xtr_pipeline.orchestration.assets.training import training_assets
from xtr_pipeline.orchestration.checks import asset_checks
from xtr_pipeline.orchestration.console import live_console
from xtr_pipeline.orchestration.partitions import repo_partitions
from xtr_pipeline.orchestration.project import Project, locate_project
from xtr_pipeline.orchestration.schedules import nightly
from xtr_pipeline.orchestration.storage import Frames, Records


def build_defs(project: Project | None = None) -> dg.Definitions:
    """The definitions of a project; by default of the one that the environment names (see `locate_project`)."""
    project = project or locate_project(os.environ)
    registry = project.registry()
    partitions = repo_partitions(registry)
    nightly_job, nightly_schedule = nightly(project, lambda: build_defs(project))
    # what CI materialises for a repository that a pull request adds: it needs no model and no judge
    ci_job = dg.define_asset_job("ci", selection=dg.AssetSelection.assets("source_tree", "code_units"))
    return dg.Definitions(
        assets=[
            *corpus_assets(partitions),
            *judge_assets(partitions),
            *training_assets(list(registry.names("train")), list(registry.names("dev"))),
            *retrieval_assets(partitions),
            *release_assets(partitions),
        ],
        asset_checks=asset_checks(partitions),
        jobs=[ci_job, nightly_job],
        schedules=[nightly_schedule],
        resources={
            "project": project,
            "frames": Frames(base=project.storage),
            "records": Records(base=project.storage),
        },
        loggers={"console": live_console},
    )
