"""Answers into the ledger: validate all, store what is sound, keep the rest with its reason beside the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from xtr_pipeline.judge.answers import Read, Refused, read_answers
from xtr_pipeline.judge.batches import load_manifest
from xtr_pipeline.judge.ledger import append_grades, append_queries
from xtr_pipeline.judge.ledger_health import forbidden_repo_problems
from xtr_pipeline.judge.records import Record
from xtr_pipeline.judge.requests import Task


@dataclass(frozen=True)
class Imported:
    """What an import did; `added` and `repeated` are 0 in a dry run.

    Attributes:
        answers: Well-formed answers to known requests.
        records: Queries or grades in them that may be stored.
        added, repeated: Records new to the ledger, and records that it held already.
        skipped: Units for which the judge declined to write a query.
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
class Source:
    """Where answers come from: what they were asked for, the judge's model family, and the day (YYYY-MM-DD)."""

    task: Task
    judge: str
    date: str


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
    reads = {
        file: read_answers([file], manifests[file.parent], source.task, source.judge, source.date) for file in files
    }
    records = [record for read in reads.values() for record in read.records]
    _refuse_forbidden(records, repos)
    added = repeated = 0
    if not dry_run:
        append = append_grades if source.task == "grades" else append_queries
        done = append(ledger, records)
        added, repeated = done.added, done.repeated
        for file, read in reads.items():
            _write_quarantine(file, read)
    return Imported(
        answers=sum(read.answers for read in reads.values()),
        records=len(records),
        added=added,
        repeated=repeated,
        skipped=sum(read.skipped for read in reads.values()),
        refused=tuple(refused for read in reads.values() for refused in read.refused),
        unanswered=_unanswered(files, manifests, source.task),
    )


def _refuse_forbidden(records: Sequence[Record], repos: LabelledRepos) -> None:
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


def _write_quarantine(file: Path, read: Read) -> None:
    beside = file.with_name(f"{file.name.removesuffix('.jsonl')}.quarantine.jsonl")
    if not read.refused:
        beside.unlink(missing_ok=True)
        return
    lines = (json.dumps(asdict(refused), ensure_ascii=False) + "\n" for refused in read.refused)
    beside.write_text("".join(lines), encoding="utf-8")
