"""The ledger's account: one record for every answer that a judge gave, sound or not, with what it cost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from xtr_pipeline.judge.prices import Usage
from xtr_pipeline.judge.records import Record, area_hash, field_problems, file_hash, is_int, is_number, label_problems

Outcome = Literal["answered", "declined", "quarantined"]
OUTCOMES: tuple[Outcome, ...] = ("answered", "declined", "quarantined")
TASKS = ("queries", "grades")

ASKED_FIELDS = (
    "custom_id",
    "repo",
    "task",
    "subject",
    "judge",
    "outcome",
    "answer_id",
    "prompt_tokens",
    "completion_tokens",
    "money",
    "date",
)


def asked_key(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """What makes a record unique: the request, the judge, and which of its answers this is."""
    return (record["custom_id"], record["judge"], record["answer_id"])


def asked_record(  # noqa: PLR0913 - the fields of a record
    custom_id: str,
    entry: Mapping[str, Any],
    raw: str,
    outcome: Outcome,
    *,
    judge: str,
    date: str,
    usage: Usage | None = None,
    money: float | None = None,
) -> Record:
    """The record of one answer. `entry` is the request's manifest entry, `raw` the answer as it came."""
    return {
        "custom_id": custom_id,
        "repo": repo_of(entry),
        "task": entry["task"],
        "subject": subject_of(entry),
        "judge": judge,
        "outcome": outcome,
        # an API's answer holds an id and the time, so that two answers with one text differ; a repeated import does not
        "answer_id": hashlib.sha256(raw.encode()).hexdigest()[:16],
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "money": None if money is None else round(money, 8),
        "date": date,
    }


def repo_of(entry: Mapping[str, Any]) -> str:
    """The repo that a manifest entry is about."""
    return str(entry["repo"] if entry["task"] == "queries" else entry["units"][0]["repo"])


def subject_of(entry: Mapping[str, Any]) -> str:
    """What was asked about: a query with its turn, a unit, a file or files; the same however a pool was ordered."""
    if entry["task"] == "queries" and "paths" in entry:
        return area_subject(entry["repo"], entry["paths"])
    if entry["task"] == "queries" and "units" in entry:
        return file_subject(entry["repo"], entry["path"])
    if entry["task"] == "queries":
        return f"unit-{entry['unit_hash'][:16]}"
    return f"query-{entry['query_id']}-{entry['judging']}"


def file_subject(repo: str, path: str) -> str:
    """The subject of a request for queries about a file."""
    return f"file-{file_hash(repo, path)[:16]}"


def area_subject(repo: str, paths: Sequence[str]) -> str:
    """The subject of a request for queries about files that stand together."""
    return f"area-{area_hash(repo, paths)[:16]}"


def asked_problems(record: Mapping[str, Any]) -> list[str]:
    """Everything wrong with a record; empty when it may be stored."""
    problems = field_problems(record, ASKED_FIELDS)
    if problems:
        return problems
    problems += label_problems(record, ("repo", "custom_id", "subject", "judge", "answer_id"))
    for name, known in (("task", TASKS), ("outcome", OUTCOMES)):
        if record[name] not in known:
            problems.append(f"{name} is {record[name]!r}, expected one of {', '.join(known)}")
    for name in ("prompt_tokens", "completion_tokens"):
        if record[name] is not None and not (is_int(record[name]) and record[name] >= 0):
            problems.append(f"{name} is {record[name]!r}, expected null or a count")
    if record["money"] is not None and not (is_number(record["money"]) and record["money"] >= 0):
        problems.append(f"money is {record['money']!r}, expected null or an amount")
    return problems
