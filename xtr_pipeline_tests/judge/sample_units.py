"""Made-up units, queries and grades for the judge's tests."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from xtr_pipeline.corpus.units import CodeUnit, units_frame
from xtr_pipeline.judge.records import query_id

FETCH = """def fetch_with_retry(url, attempts):
    for attempt in range(attempts):
        try:
            return download(url)
        except TimeoutError:
            pause = 2 ** attempt
            sleep(pause)
    raise GaveUp(url)
"""
CLEAN = """def drop_old_entries(cache, now):
    for key, entry in list(cache.items()):
        if entry.expires < now:
            del cache[key]
            log(key)
    cache.last_sweep = now
    return cache
"""
PARSE = """def parse_header(line):
    name, _, value = line.partition(":")
    if not value:
        raise BadHeader(line)
    name = name.strip().lower()
    value = value.strip()
    return name, value
"""


def code_unit(path: str, symbol: str, body: str, start: int = 1, **changes: Any) -> CodeUnit:
    """One function of a Python file, as corpus cuts it."""
    fields = {
        "kind": "function",
        "language": "python",
        "end_line": start + body.count("\n"),
        "part": 0,
        "docstring": "",
    }
    return CodeUnit(path=path, symbol=symbol, body=body, start_line=start, **{**fields, **changes})


def three_units(repo: str = "toy") -> pl.DataFrame:
    """Three functions in two files."""
    return units_frame(
        [
            code_unit("net/client.py", "fetch_with_retry", FETCH),
            code_unit("net/client.py", "parse_header", PARSE, start=20),
            code_unit("store/cache.py", "drop_old_entries", CLEAN, docstring="Remove what is past its date."),
        ],
        repo,
        "1.0",
    )


def unit_row(units: pl.DataFrame, symbol: str) -> dict[str, Any]:
    """The unit of that name."""
    return units.row(by_predicate=pl.col("symbol") == symbol, named=True)


def query_record(
    unit: Mapping[str, Any], query: str = "waiting longer after each failure", **changes: Any
) -> dict[str, Any]:
    """A valid query record about a unit."""
    return {
        "query_id": query_id(unit["repo"], query),
        **_place(unit),
        "kind": "conceptual",
        "query": query,
        "writer": "claude",
        "prompt_version": "q1",
        "date": "2026-11-23",
        "overlap": {"path": 0.0, "names": 0.0, "body": 0.25},
        **changes,
    }


def grade_record(unit: Mapping[str, Any], query: str, grade: int, **changes: Any) -> dict[str, Any]:
    """A valid grade record for (query, unit)."""
    return {
        "query_id": query_id(unit["repo"], query),
        **_place(unit),
        "grade": grade,
        "expected_grade": None,
        "reason": "It does that.",
        "judge": "claude",
        "judging": 1,
        "rubric_version": "r1",
        "prompt_version": "g1",
        "position": 1,
        "proposed_by": {"bm25": 1},
        "date": "2026-11-23",
        **changes,
    }


def _place(unit: Mapping[str, Any]) -> dict[str, Any]:
    names = ("repo", "version", "path", "symbol", "start_line", "end_line")
    return {**{name: unit[name] for name in names}, "unit_hash": unit["content_hash"]}
