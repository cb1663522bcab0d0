"""`xtr run`: the main job, from source repositories to a gated model."""

import os
import time
import warnings
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from xtr_pipeline.orchestration.driver import Driver, Outcome
    from xtr_pipeline.orchestration.project import Project

PROFILE_HELP = (
    "`full`: every repository of data/repos.toml. `quick`: the same graph on two train, one dev and two "
    "evaluation repositories with few training steps, for a first look and for CI; its model is never promoted."
)


def run(
    profile: Annotated[str, typer.Option(help=PROFILE_HELP)] = "full",
    plan: Annotated[bool, typer.Option("--plan", help="Only list what is due now.")] = False,
) -> None:
    """Bring every asset up to date: fetch, cut, label, train, evaluate, and promote if the gate agrees.

    What is up to date is left alone: running it again after an interruption resumes, and with nothing changed does
    nothing.

    Exit codes: 0 done (a refusal by the gate is a result, not an error), 1 something failed, 2 bad input,
    130 interrupted.
    """
    warnings.simplefilter("ignore")
    os.environ["XTR_PROFILE"] = profile
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    from xtr_pipeline.orchestration.project import locate_project

    try:
        project = locate_project(os.environ)
        project.registry()
    except ValueError as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
    try:
        outcome = _drive(console, project, only_plan=plan)
    except KeyboardInterrupt as error:
        console.print("interrupted: what is finished is kept, run the same command to go on")
        raise typer.Exit(130) from error
    except RuntimeError as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    if outcome is not None:
        _conclude(console, project, outcome)
    raise typer.Exit(1 if outcome is not None and outcome.failed else 0)


def _drive(console: Console, project: "Project", *, only_plan: bool) -> "Outcome | None":
    from xtr_pipeline.orchestration.build import build_defs
    from xtr_pipeline.orchestration.driver import make_driver
    from xtr_pipeline.orchestration.instance import open_instance
    from xtr_pipeline.orchestration.recovery import bury_dead_runs, only_driver

    with only_driver(project.files.home), open_instance(project.files.home) as instance:
        if buried := bury_dead_runs(instance):
            console.print(f"{buried} run(s) of a killed job marked as failed; resuming")
        driver = make_driver(project, build_defs(project), instance, _Timed(console))
        if only_plan:
            _show_plan(console, driver)
            return None
        return driver.run()


def _show_plan(console: Console, driver: "Driver") -> None:
    due = driver.plan()
    for step in due:
        console.print(str(step), markup=False)
    console.print(f"{len(due)} runs are due now" if due else "nothing is due")


class _Timed:
    """Prints lines with the minutes since the start in front."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()

    def __call__(self, line: str) -> None:
        seconds = int(time.monotonic() - self._start)
        self._console.print(f"{seconds // 60:3d}:{seconds % 60:02d} {line}", markup=False)


def _conclude(console: Console, project: "Project", outcome: "Outcome") -> None:
    from xtr_pipeline.orchestration.verdicts import conclusion

    out = Console(highlight=False)
    # the table has 127 columns: in a narrower window, or in a log, lines may wrap but no name may be cut
    out.width = max(out.width, 130)
    if not outcome.ran:
        console.print(f"nothing changed: all {outcome.fresh} asset partitions are up to date, no work was done")
    for label, error in outcome.failed.items():
        console.print(f"failed {label}: {error}", style="red", markup=False)
    for part in conclusion(project):
        out.print(part)
