"""The ledger of judgments: JSONL shards, one a repo, sorted by key, append-only, never holding source code.

Layout under the ledger's folder: `queries/<repo>.jsonl`, `grades/<repo>.jsonl` and `asked/<repo>.jsonl`. A judgment
that was paid for is never overwritten: a record whose key is there already is counted as a repeat and left as it was.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from xtr_pipeline.judge.asked_records import ASKED_FIELDS, asked_key, asked_problems
from xtr_pipeline.judge.records import (
    GRADE_FIELDS,
    QUERY_FIELDS,
    Record,
    grade_key,
    grade_problems,
    query_key,
    query_problems,
)

QUERY_SCHEMA = pl.Schema(
    {
        "query_id": pl.String(),
        "repo": pl.String(),
        "version": pl.String(),
        "kind": pl.String(),
        "query": pl.String(),
        "unit_hash": pl.String(),
        "path": pl.String(),
        "symbol": pl.String(),
        "start_line": pl.Int32(),
        "end_line": pl.Int32(),
        "writer": pl.String(),
        "prompt_version": pl.String(),
        "date": pl.String(),
        "overlap": pl.Struct({"path": pl.Float64(), "names": pl.Float64(), "body": pl.Float64()}),
    }
)
PROPOSALS = pl.List(pl.Struct({"proposer": pl.String(), "rank": pl.Int32()}))
GRADE_SCHEMA = pl.Schema(
    {
        "query_id": pl.String(),
        "unit_hash": pl.String(),
        "repo": pl.String(),
        "version": pl.String(),
        "path": pl.String(),
        "symbol": pl.String(),
        "start_line": pl.Int32(),
        "end_line": pl.Int32(),
        "grade": pl.Int8(),
        "expected_grade": pl.Float64(),
        "reason": pl.String(),
        "judge": pl.String(),
        "judging": pl.Int8(),
        "rubric_version": pl.String(),
        "prompt_version": pl.String(),
        "position": pl.Int16(),
        "proposed_by": PROPOSALS,
        "date": pl.String(),
    }
)
ASKED_SCHEMA = pl.Schema(
    {
        "custom_id": pl.String(),
        "repo": pl.String(),
        "task": pl.String(),
        "subject": pl.String(),
        "judge": pl.String(),
        "outcome": pl.String(),
        "answer_id": pl.String(),
        "prompt_tokens": pl.Int64(),
        "completion_tokens": pl.Int64(),
        "money": pl.Float64(),
        "date": pl.String(),
    }
)


class LedgerError(ValueError):
    """A record or a shard breaks the ledger's rules; the message lists everything wrong as file:line."""


@dataclass(frozen=True)
class Appended:
    """What an append did: records that are new, and records whose key the ledger held already."""

    added: int
    repeated: int


@dataclass(frozen=True)
class _Table:
    folder: str
    fields: tuple[str, ...]
    key: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    problems: Callable[[Mapping[str, Any]], list[str]]
    schema: pl.Schema


_QUERIES = _Table("queries", QUERY_FIELDS, query_key, query_problems, QUERY_SCHEMA)
_GRADES = _Table("grades", GRADE_FIELDS, grade_key, grade_problems, GRADE_SCHEMA)
_ASKED = _Table("asked", ASKED_FIELDS, asked_key, asked_problems, ASKED_SCHEMA)


def load_queries(ledger: Path, repos: Sequence[str] | None = None) -> pl.DataFrame:
    """All queries of the named repos (None: of all), sorted by repo and id. LedgerError lists every bad line."""
    return _load(ledger, _QUERIES, repos)


def load_grades(ledger: Path, repos: Sequence[str] | None = None) -> pl.DataFrame:
    """All grades of the named repos (None: of all), sorted by repo and key. LedgerError lists every bad line."""
    return _load(ledger, _GRADES, repos)


def load_asked(ledger: Path, repos: Sequence[str] | None = None) -> pl.DataFrame:
    """The account of answers of the named repos (None: of all). LedgerError lists every bad line."""
    return _load(ledger, _ASKED, repos)


def append_queries(ledger: Path, records: Iterable[Mapping[str, Any]]) -> Appended:
    """Add query records; nothing is written when any of them is invalid (LedgerError names all of those)."""
    return _append(ledger, _QUERIES, records)


def append_grades(ledger: Path, records: Iterable[Mapping[str, Any]]) -> Appended:
    """Add grade records; nothing is written when any of them is invalid (LedgerError names all of those)."""
    return _append(ledger, _GRADES, records)


def append_asked(ledger: Path, records: Iterable[Mapping[str, Any]]) -> Appended:
    """Add records of answers; nothing is written when any of them is invalid (LedgerError names all of those)."""
    return _append(ledger, _ASKED, records)


def shard_names(ledger: Path) -> list[str]:
    """The repos that the ledger holds anything about, in any of its tables."""
    tables = (_QUERIES, _GRADES, _ASKED)
    return sorted({shard.stem for table in tables for shard in (ledger / table.folder).glob("*.jsonl")})


def _load(ledger: Path, table: _Table, repos: Sequence[str] | None) -> pl.DataFrame:
    folder = ledger / table.folder
    shards = (
        sorted(folder.glob("*.jsonl")) if repos is None else [folder / f"{repo}.jsonl" for repo in sorted(set(repos))]
    )
    problems: list[str] = []
    records = [record for shard in shards if shard.exists() for record in _read_shard(shard, table, problems)]
    if problems:
        raise LedgerError("\n".join([f"{len(problems)} problem(s) in the ledger:", *problems]))
    rows = [_row(record) for record in records]
    return pl.DataFrame(rows, schema=table.schema, orient="row")


def _row(record: Record) -> Record:
    if "proposed_by" in record:
        proposed = [{"proposer": name, "rank": rank} for name, rank in sorted(record["proposed_by"].items())]
        return {**record, "proposed_by": proposed}
    return record


def _read_shard(shard: Path, table: _Table, problems: list[str]) -> list[Record]:
    """The shard's records; whatever is wrong is added to `problems` as file:line."""
    records: list[Record] = []
    seen: dict[tuple[Any, ...], int] = {}
    for number, line in enumerate(_lines(shard), start=1):
        place = f"{shard}:{number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append(f"{place}: not JSON ({error.msg}); is it a merge conflict or a cut line?")
            continue
        found = table.problems(record) if isinstance(record, dict) else ["not a JSON object"]
        if not found and record["repo"] != shard.stem:
            found.append(f"repo {record['repo']} does not belong in this shard")
        if not found and table.key(record) in seen:
            found.append(f"same key as line {seen[table.key(record)]}")
        problems.extend(f"{place}: {problem}" for problem in found)
        if not found:
            seen[table.key(record)] = number
            records.append(record)
    return sorted(records, key=table.key)


def _lines(shard: Path) -> list[str]:
    # not splitlines(): a reason may hold U+2028, which ends no record
    return shard.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _append(ledger: Path, table: _Table, records: Iterable[Mapping[str, Any]]) -> Appended:
    by_repo: dict[str, list[Record]] = {}
    problems: list[str] = []
    for number, record in enumerate(records, start=1):
        problems.extend(f"new record {number}: {problem}" for problem in table.problems(record))
        by_repo.setdefault(str(record.get("repo")), []).append({name: record.get(name) for name in table.fields})
    if problems:
        raise LedgerError("\n".join([f"{len(problems)} problem(s), nothing was written:", *problems]))
    added = repeated = 0
    folder = ledger / table.folder
    with _locked(folder):
        merged: dict[Path, dict[tuple[Any, ...], Record]] = {}
        for repo, fresh in by_repo.items():
            shard = folder / f"{repo}.jsonl"
            held = {table.key(record): record for record in _held(shard, table)}
            before = len(held)
            for record in fresh:
                held.setdefault(table.key(record), record)
            added += len(held) - before
            repeated += len(fresh) - (len(held) - before)
            if len(held) > before:
                merged[shard] = held
        for shard, held in merged.items():
            _write_shard(shard, [held[key] for key in sorted(held)])
    return Appended(added, repeated)


def _held(shard: Path, table: _Table) -> list[Record]:
    if not shard.exists():
        return []
    problems: list[str] = []
    records = _read_shard(shard, table, problems)
    if problems:
        raise LedgerError("\n".join(["the ledger is damaged, nothing was written:", *problems]))
    return records


def _write_shard(shard: Path, records: Sequence[Record]) -> None:
    lines = [json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records]
    partial = shard.with_name(f".{shard.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(shard)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder against other processes, since two imports at once would lose one's records."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
