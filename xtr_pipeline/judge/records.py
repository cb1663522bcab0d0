"""The two kinds of ledger record, with the rules that every stored record obeys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date as calendar_date
from typing import Any, Literal

QueryKind = Literal["conceptual", "question", "keyword"]
QUERY_KINDS: tuple[QueryKind, ...] = ("conceptual", "question", "keyword")
GRADES = (1, 2, 3, 4, 5)
POSITIVE_GRADE = 4
NEGATIVE_GRADE = 2
JUDGINGS = (1, 2)

Record = dict[str, Any]

MAX_QUERY_CHARACTERS = 200
MAX_REASON_CHARACTERS = 400

_REPO_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_QUERY_ID = re.compile(r"[0-9a-f]{16}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]*\Z")

QUERY_FIELDS = (
    "query_id",
    "repo",
    "version",
    "kind",
    "query",
    "unit_hash",
    "path",
    "symbol",
    "start_line",
    "end_line",
    "writer",
    "prompt_version",
    "date",
    "overlap",
)
GRADE_FIELDS = (
    "query_id",
    "unit_hash",
    "repo",
    "version",
    "path",
    "symbol",
    "start_line",
    "end_line",
    "grade",
    "expected_grade",
    "reason",
    "judge",
    "judging",
    "rubric_version",
    "prompt_version",
    "position",
    "proposed_by",
    "date",
)
OVERLAP_FIELDS = ("path", "names", "body")


def query_id(repo: str, query: str) -> str:
    """The identity of a query: the first 16 hex digits of sha256 over repo, newline, query."""
    return hashlib.sha256(f"{repo}\n{query}".encode()).hexdigest()[:16]


def file_hash(repo: str, path: str) -> str:
    """The identity of a file: sha256 hex over repo, newline, path."""
    return hashlib.sha256(f"{repo}\n{path}".encode()).hexdigest()


def area_hash(repo: str, paths: Iterable[str]) -> str:
    """The identity of files that stand together: sha256 hex over repo, newline, and the paths with newlines between."""
    return file_hash(repo, "\n".join(paths))


def query_key(record: Mapping[str, Any]) -> tuple[str]:
    """What makes a query record unique."""
    return (record["query_id"],)


def grade_key(record: Mapping[str, Any]) -> tuple[str, str, str, str, int]:
    """What makes a grade record unique: query, unit content, rubric, judge, and which judging it was."""
    return (
        record["query_id"],
        record["unit_hash"],
        record["rubric_version"],
        record["judge"],
        record["judging"],
    )


def query_problems(record: Mapping[str, Any]) -> list[str]:
    """Everything wrong with a query record; empty when it may be stored."""
    problems = field_problems(record, QUERY_FIELDS)
    if problems:
        return problems
    problems += _place_problems(record)
    if record["kind"] not in QUERY_KINDS:
        problems.append(f"kind is {record['kind']!r}, expected one of {', '.join(QUERY_KINDS)}")
    problems += _text_problems("query", record["query"], MAX_QUERY_CHARACTERS)
    if not problems and record["query_id"] != query_id(record["repo"], record["query"]):
        problems.append(f"query_id {record['query_id']} is not the hash of its repo and query")
    problems += label_problems(record, ("writer", "prompt_version"))
    overlap = record["overlap"]
    if not isinstance(overlap, Mapping) or set(overlap) != set(OVERLAP_FIELDS):
        problems.append(f"overlap must hold exactly {', '.join(OVERLAP_FIELDS)}")
    elif not all(is_number(share) and 0 <= share <= 1 for share in overlap.values()):
        problems.append(f"overlap holds shares between 0 and 1, got {dict(overlap)}")
    return problems


def grade_problems(record: Mapping[str, Any]) -> list[str]:
    """Everything wrong with a grade record; empty when it may be stored."""
    problems = field_problems(record, GRADE_FIELDS)
    if problems:
        return problems
    problems += _place_problems(record)
    if not is_int(record["grade"]) or record["grade"] not in GRADES:
        problems.append(f"grade is {record['grade']!r}, expected a whole number from 1 to 5")
    expected = record["expected_grade"]
    if expected is not None and not (is_number(expected) and 1 <= expected <= 5):
        problems.append(f"expected_grade is {expected!r}, expected null or a number from 1 to 5")
    problems += _text_problems("reason", record["reason"], MAX_REASON_CHARACTERS)
    problems += label_problems(record, ("judge", "rubric_version", "prompt_version"))
    if not is_int(record["judging"]) or record["judging"] not in JUDGINGS:
        problems.append(f"judging is {record['judging']!r}, expected 1 (first) or 2 (independent second)")
    if not is_int(record["position"]) or record["position"] < 1:
        problems.append(f"position is {record['position']!r}, expected the 1-based place in the list that was shown")
    proposed_by = record["proposed_by"]
    if not isinstance(proposed_by, Mapping) or not all(is_int(rank) and rank >= 1 for rank in proposed_by.values()):
        problems.append(f"proposed_by must map each proposer to its rank from 1, got {proposed_by!r}")
    return problems


def field_problems(record: Mapping[str, Any], fields: tuple[str, ...]) -> list[str]:
    """Fields that are missing or not known."""
    problems = [f"field {name} is missing" for name in fields if name not in record]
    return problems + [f"field {name} is not known" for name in sorted(set(record) - set(fields))]


def _place_problems(record: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, pattern in (("query_id", _QUERY_ID), ("unit_hash", _SHA256), ("repo", _REPO_NAME)):
        if not isinstance(record[name], str) or not pattern.match(record[name]):
            problems.append(f"{name} {record[name]!r} is malformed")
    for name in ("version", "path"):
        problems += _text_problems(name, record[name], 1000)
    if not isinstance(record["symbol"], str):
        problems.append("symbol must be text (empty for a window)")
    start, end = record["start_line"], record["end_line"]
    if not (is_int(start) and is_int(end) and 1 <= start <= end):
        problems.append(f"span {start!r}-{end!r} is not 1 <= start <= end")
    day = record["date"]
    try:
        if calendar_date.fromisoformat(day).isoformat() != day:
            problems.append(f"date {day!r} is not YYYY-MM-DD")
    except (TypeError, ValueError):
        problems.append(f"date {day!r} is not YYYY-MM-DD")
    return problems


def _text_problems(name: str, text: Any, limit: int) -> list[str]:
    if not isinstance(text, str) or not text.strip():
        return [f"{name} is empty"]
    if text != text.strip() or len(text.splitlines()) > 1:
        return [f"{name} must be one line without space around it"]
    if not encodes(text):
        return [f"{name} holds half of a surrogate pair, which no file can hold"]
    if len(text) > limit:
        return [f"{name} has {len(text)} characters, at most {limit} are stored"]
    return []


def encodes(text: str) -> bool:
    """Whether a text can be written as UTF-8: a judge's JSON can spell one that cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def label_problems(record: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Fields that are no plain label: letters, digits and a few marks."""
    return [
        f"{name} {record[name]!r} is not a plain label"
        for name in names
        if not isinstance(record[name], str) or not _LABEL.match(record[name])
    ]


def is_int(value: Any) -> bool:
    """A whole number, which a bool is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """A number, which a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
