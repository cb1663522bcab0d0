"""Requests to a judge, built from units, queries and pools; each with what an import needs to read the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from xtr_pipeline.judge.overlap import defined_names, unit_words, words_to_avoid
from xtr_pipeline.judge.prompts import (
    GRADING_ANSWER_SCHEMA,
    GRADING_PROMPT_VERSION,
    GRADING_SYSTEM,
    QUERY_ANSWER_SCHEMA,
    QUERY_PROMPT_VERSION,
    QUERY_SYSTEM,
    QueryTask,
    ShownUnit,
    grading_prompt,
    letters,
    query_prompt,
)
from xtr_pipeline.judge.redaction import redact
from xtr_pipeline.judge.rubric import RUBRIC_VERSION
from xtr_pipeline.judge.sampling import Sampling, wanted_kinds
from xtr_pipeline.judge.words import stems

Task = Literal["queries", "grades"]

NEIGHBOURS = 2
OUTLINE_LINES = 40


@dataclass(frozen=True)
class Request:
    """One question to a judge.

    Attributes:
        custom_id: What the answer is matched by; the same question has the same id in every export.
        task: What is asked for.
        system: The instructions, the same for every request of a prompt version.
        user: The code and the query; secrets are already taken out.
        schema: JSON schema of the answer.
        manifest: What an import needs to turn the answer into ledger records. Holds no source code.
        redacted: Secrets taken out of `user`, by type.
    """

    custom_id: str
    task: Task
    system: str
    user: str
    schema: Mapping[str, object]
    manifest: Mapping[str, Any]
    redacted: Mapping[str, int]

    @property
    def entry(self) -> dict[str, Any]:
        """The manifest's entry: what reading the answer needs, with the task."""
        return {"task": self.task, **self.manifest}


def shown_unit(row: Mapping[str, Any]) -> ShownUnit:
    """A row of a units frame as a prompt shows it."""
    return ShownUnit(
        path=row["path"],
        symbol=row["symbol"] or "",
        kind=row["kind"],
        part=row["part"],
        start_line=row["start_line"],
        end_line=row["end_line"],
        language=row["language"] or "",
        docstring=row["docstring"] or "",
        body=row["body"],
    )


def query_requests(units: pl.DataFrame, chosen: pl.DataFrame, sampling: Sampling) -> Iterator[Request]:
    """One request for every chosen unit of a repo; `units` are all of its units, for context and words to avoid."""
    for path, rows in chosen.group_by("path", maintain_order=True):
        in_file = units.filter(pl.col("path") == path[0]).sort("start_line", "unit_id").to_dicts()
        names = names_of(in_file)
        words = {row["unit_id"]: stems(unit_text(row)) for row in in_file}
        for row in rows.iter_rows(named=True):
            wanted = wanted_kinds(row["content_hash"], sampling)
            if sum(wanted.values()):
                yield _query_request(row, in_file, names, words, wanted)


def _query_request(
    row: Mapping[str, Any],
    in_file: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    words: Mapping[str, frozenset[str]],
    wanted: Mapping[Any, int],
) -> Request:
    task = QueryTask(
        repo=row["repo"],
        unit=shown_unit(row),
        outline=_outline(row, in_file),
        rest=tuple(shown_unit(other) for other in _other_parts(row, in_file)),
        neighbours=tuple(shown_unit(other) for other in _neighbours(row, in_file, words)),
        avoid=words_to_avoid(row["path"], names),
        wanted=wanted,
    )
    user = redact(query_prompt(task))
    known = unit_words(row["path"], names, unit_text(row))
    return Request(
        custom_id=query_request_id(row["repo"], row["content_hash"]),
        task="queries",
        system=QUERY_SYSTEM,
        user=user.text,
        schema=QUERY_ANSWER_SCHEMA,
        manifest={
            **place_of(row),
            "prompt_version": QUERY_PROMPT_VERSION,
            "wanted": dict(wanted),
            "words": {"path": sorted(known.path), "names": sorted(known.names), "body": sorted(known.body)},
        },
        redacted=user.found,
    )


def grade_requests(
    queries: pl.DataFrame,
    pools: pl.DataFrame,
    units: pl.DataFrame,
    judging: int,
    answered: Collection[tuple[str, str]] = (),
) -> Iterator[Request]:
    """One request for every query that has a pool, its units in the pool's order.

    A query is left out when all its pool's (query_id, unit_hash) pairs are in `answered`.
    """
    by_id = {
        row["unit_id"]: row
        for row in units.filter(pl.col("unit_id").is_in(pools["unit_id"].unique().to_list())).to_dicts()
    }
    by_query = pools.sort("query_id", "position").partition_by("query_id", as_dict=True, maintain_order=True)
    for query in queries.sort("repo", "path", "start_line", "query_id").iter_rows(named=True):
        pool = by_query.get((query["query_id"],))
        if pool is None:
            continue
        members = pool.to_dicts()
        if all((query["query_id"], member["unit_hash"]) in answered for member in members):
            continue
        yield _grade_request(query, members, [by_id[member["unit_id"]] for member in members], judging)


def _grade_request(
    query: Mapping[str, Any], members: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], judging: int
) -> Request:
    user = redact(grading_prompt(query["query"], [shown_unit(row) for row in rows]))
    shown = [
        {
            "letter": letter,
            **place_of(row),
            "position": position,
            "proposed_by": {proposal["proposer"]: proposal["rank"] for proposal in member["proposed_by"]},
        }
        for position, (letter, member, row) in enumerate(zip(letters(len(rows)), members, rows, strict=True), start=1)
    ]
    order = shown_digest(member["unit_hash"] for member in members)
    return Request(
        custom_id=f"grade-{judging}-{query['query_id']}-{order}-{RUBRIC_VERSION}-{GRADING_PROMPT_VERSION}",
        task="grades",
        system=GRADING_SYSTEM,
        user=user.text,
        schema=GRADING_ANSWER_SCHEMA,
        manifest={
            "query_id": query["query_id"],
            "judging": judging,
            "rubric_version": RUBRIC_VERSION,
            "prompt_version": GRADING_PROMPT_VERSION,
            "units": shown,
        },
        redacted=user.found,
    )


def query_request_id(repo: str, unit_hash: str) -> str:
    """The id of the request for queries about a unit."""
    return f"query-{repo}-{unit_hash[:16]}-{QUERY_PROMPT_VERSION}"


def shown_digest(unit_hashes: Iterable[str]) -> str:
    """Eight hex digits over the units that a request shows, in their order: what its letters stand for."""
    return hashlib.sha256("\n".join(unit_hashes).encode()).hexdigest()[:8]


def names_of(in_file: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names that a file defines, from all its units."""
    symbols = (row["symbol"] for row in in_file if row["symbol"])
    return defined_names(symbols, "\n".join(row["body"] for row in in_file))


def place_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Where a unit is, as ledger records have it."""
    return {
        "repo": row["repo"],
        "version": row["version"],
        "unit_hash": row["content_hash"],
        "path": row["path"],
        "symbol": row["symbol"] or "",
        "start_line": row["start_line"],
        "end_line": row["end_line"],
    }


def lettered(letter: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A shown unit as a manifest has it: its letter, its place, and the stems that a query about it is held against."""
    return {"letter": letter, **place_of(row), "body": sorted(stems(unit_text(row)))}


def words_of_file(path: str, names: Sequence[str]) -> dict[str, list[str]]:
    """The stems of a file's path and names as a manifest has them."""
    known = unit_words(path, names, "")
    return {"path": sorted(known.path), "names": sorted(known.names)}


def unit_text(row: Mapping[str, Any]) -> str:
    """A unit's documentation and body."""
    return f"{row['docstring'] or ''}\n{row['body']}"


def _outline(row: Mapping[str, Any], in_file: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The file's other units, one a line, the nearest when there are many."""
    others = [other for other in in_file if other["unit_id"] != row["unit_id"]]
    nearest = sorted(others, key=lambda other: abs(other["start_line"] - row["start_line"]))[:OUTLINE_LINES]
    return unit_lines(sorted(nearest, key=lambda other: other["start_line"]))


def unit_lines(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Units one a line: place, kind, name, and the first line of the documentation."""
    lines = []
    for row in rows:
        summary = (row["docstring"] or "").strip().split("\n")[0][:90]
        name = row["symbol"] or row["kind"]
        lines.append(
            f"{row['start_line']}-{row['end_line']} {row['kind']} {name}" + (f": {summary}" if summary else "")
        )
    return tuple(lines)


def _neighbours(
    row: Mapping[str, Any], in_file: Sequence[Mapping[str, Any]], words: Mapping[str, frozenset[str]]
) -> list[Mapping[str, Any]]:
    """The units of the file that share most words with this one: its twins, which a loose query would also fit."""
    own = words[row["unit_id"]]

    def likeness(other: Mapping[str, Any]) -> float:
        theirs = words[other["unit_id"]]
        return len(own & theirs) / max(1, len(own | theirs))

    others = [
        other
        for other in in_file
        if (other["symbol"], other["kind"]) != (row["symbol"], row["kind"])
        and other["body"].count("\n") >= 2
        and other["kind"] != "module"
    ]
    return sorted(others, key=lambda other: (-likeness(other), other["unit_id"]))[:NEIGHBOURS]


def _other_parts(row: Mapping[str, Any], in_file: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The parts that follow a definition's first part, up to the next definition of the same name."""
    same = [other for other in in_file if (other["symbol"], other["kind"]) == (row["symbol"], row["kind"])]
    later = [other for other in same if (other["start_line"], other["part"]) > (row["start_line"], row["part"])]
    parts = []
    for other in sorted(later, key=lambda other: (other["start_line"], other["part"])):
        if other["part"] == 0:
            break
        parts.append(other)
    return parts
