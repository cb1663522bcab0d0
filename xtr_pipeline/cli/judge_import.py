"""`xtr judge import`: a judge's answers into the ledger."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xtr_pipeline.cli.judge_inputs import errors_told, files, labelled_repos, settings
from xtr_pipeline.judge.answers import Source
from xtr_pipeline.judge.importing import Imported, import_answers
from xtr_pipeline.judge.requests import Task


def import_command(
    answers: Annotated[list[Path], typer.Argument(help="Answer files, in the folder of their batches.", exists=True)],
    kind: Annotated[Task, typer.Option(help="What was asked for.")],
    judge: Annotated[str, typer.Option(help="The judge's model family, for instance claude.")],
    date: Annotated[str, typer.Option(help="Day of the answers, YYYY-MM-DD; default: today.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only: nothing is written.")] = False,
) -> None:
    """Check answers and store them. What is refused is named, and kept in FILE.quarantine.jsonl.

    Exit codes: 0 everything was stored, 1 something was refused, 2 nothing was stored, because a file could not be
    read or holds labels from a repo that is reserved or no train or dev repo of the registry.
    """
    with errors_told() as console:
        known = settings()
        price = known.price_of(judge) or known.price_of(known.endpoint.chat.model)
        source = Source(kind, judge, date or datetime.now(UTC).date().isoformat(), price)
        done = import_answers(answers, files().ledger, source, labelled_repos(), dry_run=dry_run)
        _show(console, done, dry_run=dry_run)
    if done.refused:
        raise typer.Exit(1)


def _show(console: Console, done: Imported, *, dry_run: bool) -> None:
    for refused in done.refused:
        console.print(f"{refused.place} {refused.custom_id}: {refused.reason} | {refused.raw[:200]}", markup=False)
    stored = "dry run, nothing stored" if dry_run else f"{done.added} added, {done.repeated} held already"
    console.print(
        f"{done.answers} answers, {done.records} sound records ({stored}), {done.skipped} declined, "
        f"{len(done.refused)} refused, {done.unanswered} requests without an answer in these files",
        markup=False,
    )
