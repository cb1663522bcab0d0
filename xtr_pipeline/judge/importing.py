"""Answers into the ledger: validate all, store what is sound, keep the rest with its reason beside the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from xtr_pipeline.judge.answer_lines import Refused
from xtr_pipeline.judge.answers import Source, read_answers
from xtr_pipeline.judge.batches import load_manifest
from xtr_pipeline.judge.ledger import append_asked, append_grades, append_queries
from xtr_pipeline.judge.ledger_health import forbidden_repo_problems
from xtr_pipeline.judge.quarantine import write_quarantine
from xtr_pipeline.judge.records import Record
from xtr_pipeline.judge.requests import Task


@dataclass(frozen=True)
class Imported:
    """What an import did; `added` and `repeated` are 0 in a dry run.

    Attributes:
        answers: Well-formed answers to known requests.
        records: Queries or grades in them that may be stored.
        added, repeated: Records new to the ledger, and records that it held already.
        skipped: Requests for which the judge declined to write a query.
        refused: What was not stored, and why.
        unanswered: Requests of this task in the folders' manifests that no given file answers.
    """

    answers: int
    records: int
    added: int
    repeated: int
    skipped: int
    refused: tuple[Refused, ...]
    unanswered: int


@dataclass(frozen=True)
class LabelledRepos:
    """Which repos labels may come from: the registry's train and dev repos, and never a reserved name."""

    names: tuple[str, ...]
    reserved: frozenset[str]


class ForbiddenRepoError(ValueError):
    """Answers hold labels from repos that must not be labelled; the message names all of them."""


def import_answers(
    files: Sequence[Path], ledger: Path, source: Source, repos: LabelledRepos, *, dry_run: bool = False
) -> Imported:
    """Read answer files, append their records to the ledger, and write `<file>.quarantine.jsonl` beside each file.

    Importing the same file again adds nothing. A dry run only reads.

    Raises:
        BatchError: There is no manifest beside a file.
        ForbiddenRepoError: A record is from another repo than `repos` allows; then nothing at all is written.
        LedgerError: The ledger itself is damaged.
    """
    manifests = {folder: load_manifest(folder) for folder in sorted({file.parent for file in files})}
    reads = {file: read_answers([file], manifests[file.parent], source) for file in files}
    records = [record for read in reads.values() for record in read.records]
    refuse_forbidden(records, repos)
    added = repeated = 0
    if not dry_run:
        append = append_grades if source.task == "grades" else append_queries
        done = append(ledger, records)
        added, repeated = done.added, done.repeated
        append_asked(ledger, [record for read in reads.values() for record in read.asked])
        for file, read in reads.items():
            write_quarantine(file.with_name(f"{file.name.removesuffix('.jsonl')}.quarantine.jsonl"), read.refused)
    return Imported(
        answers=sum(read.answers for read in reads.values()),
        records=len(records),
        added=added,
        repeated=repeated,
        skipped=sum(read.skipped for read in reads.values()),
        refused=tuple(refused for read in reads.values() for refused in read.refused),
        unanswered=_unanswered(files, manifests, source.task),
    )


def refuse_forbidden(records: Sequence[Record], repos: LabelledRepos) -> None:
    """Raise ForbiddenRepoError when a record is from a repo that may not be labelled."""
    labels = pl.DataFrame({"repo": [record["repo"] for record in records]}, schema={"repo": pl.String()})
    problems = forbidden_repo_problems(labels, repos.names, repos.reserved)
    if problems:
        raise ForbiddenRepoError(f"nothing was imported: {'; '.join(problems)}; remove their answers from the files")


def _unanswered(files: Sequence[Path], manifests: Mapping[Path, Mapping[str, Mapping[str, Any]]], task: Task) -> int:
    asked = {
        custom_id for manifest in manifests.values() for custom_id, entry in manifest.items() if entry["task"] == task
    }
    text = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return sum(f'"{custom_id}"' not in text for custom_id in asked)
