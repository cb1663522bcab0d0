"""One training run as the checkpoint assets need it: start, examples, dev probe, progress, and the saved folder."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg
import polars as pl

from xtr_pipeline.encoder.checkpoint import load_encoder, save_encoder
from xtr_pipeline.evaluation.dev_probe import dev_probe
from xtr_pipeline.orchestration.profiles import Profile
from xtr_pipeline.orchestration.progress import INTERVAL_S
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.versions import data_version, digest
from xtr_pipeline.pace import Pace
from xtr_pipeline.training.preparing import Spoken
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.reports import StepReport, TrainingReport
from xtr_pipeline.training.start import starting_encoder
from xtr_pipeline.training.trainer import train


@dataclass(frozen=True)
class Trained:
    """A finished run: what it was, its report, and where the checkpoint lies (relative to the run storage)."""

    recipe: Recipe
    report: TrainingReport
    folder: str


@dataclass(frozen=True)
class Dev:
    """What a run is measured on: dev queries (`dev_probe.DEV_QUERY_SCHEMA`) and their repositories' units."""

    queries: pl.DataFrame
    units: Mapping[str, pl.DataFrame]


def made_of(examples: pl.DataFrame, dev: Dev, profile: Profile) -> str:
    """Identity of what a checkpoint was trained and chosen on, besides its base and its recipe."""
    units = (data_version(frame) for _, frame in sorted(dev.units.items()))
    return digest(data_version(examples), data_version(dev.queries), *units, (profile.head_dim, profile.probe_units))


def train_checkpoint(  # noqa: PLR0913, PLR0917 - the inputs of a checkpoint asset
    context: dg.AssetExecutionContext,
    project: Project,
    name: str,
    base_folder: str,
    examples: pl.DataFrame,
    dev: Dev,
) -> Trained:
    """Train the recipe `name` ("docstring" or "judged") from the base encoder and save the best checkpoint on dev.

    The state of an unfinished run lies in the run storage under `training/<name>`, so that a killed run resumes.
    """
    profile = project.settings()
    recipe: Recipe = profile.recipe(name)
    base = load_encoder(project.files.home / base_folder)
    on_start = Spoken(lambda line: context.log.info(f"{name}, start: {line}"), INTERVAL_S)
    start = starting_encoder(base, recipe, examples, profile.head_dim, on_start)
    probe = dev_probe(dev.units, dev.queries, units_per_repo=profile.probe_units, seed=recipe.seed)
    # measurements of different probes must not be compared, so a run with another dev set has a state of its own
    probed = digest(data_version(dev.queries), *(data_version(frame) for _, frame in sorted(dev.units.items())))
    state = project.files.home / "training" / name / digest(probed, profile.probe_units)
    report = train(recipe, start, examples.drop("source"), probe, state, _log_steps(context, name), on_start)
    folder = f"checkpoints/{name}/{report.encoder.fingerprint[:16]}"
    save_encoder(report.encoder, project.files.home / folder)
    shutil.rmtree(state.parent, ignore_errors=True)
    return Trained(recipe, report, folder)


def _log_steps(context: dg.AssetExecutionContext, name: str) -> Callable[[StepReport], None]:
    pace = Pace(INTERVAL_S)

    def report(step: StepReport) -> None:
        if pace.due(time.monotonic(), surely=step.step == step.steps or step.dev is not None):
            context.log.info(f"{name}: {step.line()}")

    return report
