"""`xtr ablate`: what each part of the recipe earns, on the dev repositories."""

from __future__ import annotations

import json
import os
import shlex
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer
from rich.console import Console

from xtr_pipeline.ablation.arms import RECIPES, TABLE, Arm, ArmError, arm_of, shortened
from xtr_pipeline.ablation.table import ablation_markdown
from xtr_pipeline.cli.encode_bar import LINE_EVERY, encode_bar
from xtr_pipeline.cli.name_lists import names_in
from xtr_pipeline.evaluation.queries import EvalQuery, check_relevant, load_spec
from xtr_pipeline.evaluation.report import result_figures, rich_table
from xtr_pipeline.pace import Pace

if TYPE_CHECKING:
    from xtr_pipeline.ablation.measuring import Bench
    from xtr_pipeline.training.reports import StepReport

REFERENCES = ("base", "judged")


def ablate(  # noqa: PLR0913, PLR0917 - one parameter an option
    arms: Annotated[
        list[str] | None,
        typer.Argument(help="Names, or judged:setting=value,... with settings of the recipe or the arm."),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Seeds of the trained arms, with commas between; means are shown.")] = "13",
    steps: Annotated[
        int | None,
        typer.Option(
            help="Train every arm for at most so many steps, without early stopping: a table in hours, not days.", min=1
        ),
    ] = None,
    measured: Annotated[
        Path | None,
        typer.Option(
            help="Keep the measurements here instead of in the run storage. With the same ledger and recipes, another "
            "machine makes the same table of them without training.",
            metavar="FOLDER",
        ),
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option(
            help="Measure with these queries about the dev repositories, a JSON list as xtr eval takes it, in place of "
            "those that the judge wrote.",
            metavar="FILE",
        ),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            help="Start from this checkpoint in place of the main job's base: what another one would buy.",
            metavar="FOLDER",
        ),
    ] = None,
    repos: Annotated[
        str, typer.Option(help="Measure on these dev repositories, with commas between; default: all.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write the table here as Markdown.", metavar="FILE")] = None,
) -> None:
    """Train and measure systems that differ in one thing, on the dev repositories.

    Run `xtr run` first: it makes the sets. Without arguments all arms of the table are measured, which takes hours on
    two cores; models and measurements are kept in the run storage, so that it can be interrupted and arms can be added.
    The evaluation repositories take no part: choose here, and report there once.

    For example `xtr ablate base judged judged:learning_rate=5e-5`.

    Exit codes: 0 measured, 2 bad input, 130 interrupted.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        chosen = [shortened(arm_of(text), steps) for text in arms or TABLE]
        numbers = [int(seed) for seed in seeds.split(",")]
        asked = () if spec is None else load_spec(spec)
        if out is not None and not out.resolve().parent.is_dir():
            raise ValueError(f"--out {out}: there is no folder {out.resolve().parent}; make it first")
        frame = _measured(console, _bench(measured, asked, base, names_in(repos)), chosen, numbers)
    except (ArmError, FileNotFoundError, ValueError) as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("interrupted: what is trained and measured is kept, run the same command to go on")
        raise typer.Exit(130) from None
    shown = Console(highlight=False)
    shown.width = max(shown.width, 130)
    shown.print(rich_table(result_figures(frame), "dev repositories"))
    if out is not None:
        options = [*([] if seeds == "13" else ["--seeds", seeds]), *([] if steps is None else ["--steps", str(steps)])]
        options += [] if spec is None else ["--spec", str(spec)]
        options += [] if base is None else ["--base", str(base)]
        options += [] if not repos else ["--repos", repos]
        command = shlex.join(["xtr", "ablate", *(arms or []), *options])
        out.write_text(ablation_markdown(frame, REFERENCES, command), encoding="utf-8")


def _measured(console: Console, bench: Bench, arms: list[Arm], seeds: list[int]) -> pl.DataFrame:
    from xtr_pipeline.ablation.measuring import mean_over_seeds, measure, model_folder
    from xtr_pipeline.training.preparing import Spoken

    frames = []
    for arm in arms:
        per_seed = []
        for seed in seeds if arm.start in RECIPES else seeds[:1]:
            label = f"{arm.name}, seed {seed}" if arm.start in RECIPES else arm.name
            with encode_bar(console, label) as on_encode:
                start = Spoken(partial(_say_of_start, console, label), LINE_EVERY)
                per_seed.append(measure(bench, arm, seed, _Steps(console, label), on_encode, start))
            if arm.start in RECIPES:
                console.print(f"{label}: model in {model_folder(bench, arm, seed)}", markup=False)
        frames.append(mean_over_seeds(per_seed))
    return pl.concat(frames)


def _say_of_start(console: Console, label: str, line: str) -> None:
    console.print(f"{label}, start: {line}", markup=False)


def _bench(measured: Path | None, asked: tuple[EvalQuery, ...], start: Path | None, repos: tuple[str, ...]) -> Bench:
    """What the main job made of the train and dev repositories, and where measurements are kept.

    Raises:
        FileNotFoundError: It has not run.
        SpecError: `asked` has a query about something else than a file of a dev repository.
        CheckpointError: `start` holds no checkpoint.
        ValueError: Nothing is asked about one of `repos`.
    """
    from xtr_pipeline.ablation.measuring import Bench, Checkpoint, on_repos
    from xtr_pipeline.encoder.checkpoint import load_encoder
    from xtr_pipeline.orchestration.project import locate_project
    from xtr_pipeline.orchestration.storage import stored_path
    from xtr_pipeline.orchestration.training_run import Dev, made_of

    project = locate_project(os.environ)

    def value(asset: str, partition: str | None = None) -> bytes:
        path = stored_path(project.storage, asset, partition)
        if path is None:
            name = asset if partition is None else f"{asset} of {partition}"
            raise FileNotFoundError(f"{project.storage} holds no {name}: run `xtr run` first")
        return path.read_bytes()

    def stored(asset: str, partition: str | None = None) -> pl.DataFrame:
        return pl.read_parquet(value(asset, partition))

    def trained(asset: str, examples: pl.DataFrame) -> Checkpoint | None:
        """The main job's checkpoint, where it was made of what is measured with here."""
        path = stored_path(project.storage, asset, None)
        record = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
        folder = project.files.home / record.get("folder", "")
        same = record.get("base") == base.fingerprint and record.get("made_of") == made_of(examples, dev, profile)
        return Checkpoint(record["recipe"], folder) if same and (folder / "config.json").is_file() else None

    queries = stored("dev_set")
    base = load_encoder(start or project.files.home / json.loads(value("base_encoder"))["folder"])
    profile = project.settings()
    units = {repo: stored("code_units", repo) for repo in project.registry().names("dev")}
    check_relevant(asked, {repo: set(frame["path"]) for repo, frame in units.items()})
    dev = Dev(queries, units)
    sets = {"judged": stored("training_set"), "docstring": stored("docstring_set")}
    made = {"judged": "xtr_checkpoint", "docstring": "docstring_checkpoint"}
    done = {name: trained(asset, sets[name]) for name, asset in made.items()}
    bench = Bench(
        base=base,
        examples=sets,
        dev_queries=queries,
        dev_units={repo: units[repo] for repo in queries["repo"].unique().sort().to_list()},
        head_dim=profile.head_dim,
        probe_units=profile.probe_units,
        folder=project.files.home / "ablation",
        measured=measured or project.files.home / "ablation",
        trained={name: checkpoint for name, checkpoint in done.items() if checkpoint is not None},
        asked=asked,
    )
    return on_repos(bench, repos)


class _Steps:
    """Prints a training step now and then, and every measurement on dev."""

    def __init__(self, console: Console, label: str) -> None:
        self._console, self._label = console, label
        self._pace = Pace(LINE_EVERY)

    def __call__(self, step: StepReport) -> None:
        if self._pace.due(time.monotonic(), surely=step.dev is not None):
            self._console.print(f"{self._label}: {step.line()}", markup=False)
