"""Asking the judge from inside the graph: only where `data/judge.toml` or a run's config says so, within its budget."""

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from xtr_pipeline.judge.asking.exchange import EndpointError
from xtr_pipeline.judge.asking.progress import AskProgress
from xtr_pipeline.judge.asking.run import JudgeFolders, ask_and_store
from xtr_pipeline.judge.asking.settings import load_judge_settings
from xtr_pipeline.judge.importing import LabelledRepos
from xtr_pipeline.judge.requests import Request, Task
from xtr_pipeline.orchestration.progress import INTERVAL_S
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.pace import Pace


def asks(project: Project, ask: bool | None) -> bool:
    """Whether to ask: as the run's config says, else as the project's judge settings do."""
    return load_judge_settings(project.files.judge_settings).ask_in_graph if ask is None else ask


def ask_judge(
    context: dg.AssetExecutionContext, project: Project, requests: Sequence[Request], task: Task
) -> dict[str, Any]:
    """Ask, store what is sound in the ledger, and give the figures as metadata.

    A budget that is spent, or a server that is gone, ends the asking and not the run: what the ledger holds is used.
    The budget is that of a day (UTC), for all assets and repositories together.

    Raises:
        dg.Failure: The endpoint cannot be used at all; not to be retried.
    """
    registry = project.registry()
    try:
        report = ask_and_store(
            requests,
            task,
            settings=load_judge_settings(project.files.judge_settings),
            folders=JudgeFolders(project.files.ledger, project.files.home / "judge"),
            repos=LabelledRepos(registry.names("train", "dev"), project.reserved()),
            date=datetime.now(UTC).date().isoformat(),
            show=_logged(context, task),
            environ=os.environ,
            # a night asks in many runs, one for each asset of each repository
            daily=True,
        )
    except EndpointError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    facts: dict[str, Any] = {
        "asked": report.requests,
        "answered": report.answered,
        "quarantined": report.quarantined,
        "unanswered": len(report.unanswered),
        "tokens spent": report.usage.tokens,
    }
    if report.money is not None:
        facts["money spent"] = report.money
    if report.stopped:
        facts["stopped"] = report.stopped
    return facts


def _logged(context: dg.AssetExecutionContext, task: Task) -> Callable[[AskProgress], None]:
    pace = Pace(INTERVAL_S, time.monotonic())

    def show(progress: AskProgress) -> None:
        if pace.due(time.monotonic(), surely=progress.done == progress.total):
            context.log.info(f"{task}: {progress.line()}")

    return show
