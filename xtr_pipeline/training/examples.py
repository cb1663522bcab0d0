"""The examples frame that every recipe trains on: one row a query, with its graded candidates."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

CANDIDATE = pl.Struct({"unit_id": pl.String, "text": pl.String, "grade": pl.Int8})

EXAMPLES_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "query_id": pl.String,
    "query": pl.String,
    "kind": pl.String,
    "repo": pl.String,
    "candidates": pl.List(CANDIDATE),
}

UNJUDGED = 0
"""Grade of a candidate that nobody judged: a negative, and no part of what is learned about grades."""

SHOWN = 5  # examples named per kind of problem; a broken frame must not print itself


class ExamplesError(ValueError):
    """A frame that cannot be trained on; the message lists everything that is wrong."""


def check_examples(examples: pl.DataFrame, positive_grade: int) -> None:
    """Refuse a frame that would train nonsense.

    Args:
        examples: Columns of `EXAMPLES_SCHEMA`; candidates carry grades 1-5, or `UNJUDGED`.
        positive_grade: Grades from here on are positives; at least one query needs one.

    Raises:
        ExamplesError: Listing wrong columns, empty texts, repeated queries, grades out of range and missing positives.
    """
    problems = list(_column_problems(examples)) or list(_row_problems(examples, positive_grade))
    if problems:
        raise ExamplesError("training examples: " + "; ".join(problems))


def _column_problems(examples: pl.DataFrame) -> Iterator[str]:
    for name, kind in EXAMPLES_SCHEMA.items():
        if name not in examples.columns:
            yield f"column {name!r} is missing"
        elif examples.schema[name] != kind:
            yield f"column {name!r} is {examples.schema[name]}, expected {kind}"


def _row_problems(examples: pl.DataFrame, positive_grade: int) -> Iterator[str]:
    if examples.is_empty():
        yield "there are no queries"
        return
    repeated = examples.filter(pl.col("query_id").is_duplicated())["query_id"].unique(maintain_order=True)
    yield from _named("query_id is repeated", repeated)
    text = pl.col("query").fill_null("").str.strip_chars()
    yield from _named("query is empty", examples.filter(text == "")["query_id"])
    no_candidates = examples.filter(pl.col("candidates").list.len().fill_null(0) == 0)
    yield from _named("there are no candidates", no_candidates["query_id"])
    flat = examples.select("query_id", "candidates").explode("candidates").drop_nulls().unnest("candidates")
    unread = flat.filter(pl.col("text").fill_null("").str.strip_chars() == "")
    yield from _named("a candidate has no text", unread["query_id"].unique(maintain_order=True))
    wrong = flat.filter(~pl.col("grade").is_between(UNJUDGED, 5).fill_null(False))
    yield from _named("a grade is not in 1-5 (0: unjudged)", wrong["query_id"].unique(maintain_order=True))
    if not (flat["grade"] >= positive_grade).any():
        yield f"no candidate of any query is graded {positive_grade} or better"


def _named(problem: str, query_ids: pl.Series) -> Iterator[str]:
    if len(query_ids):
        more = f" and {len(query_ids) - SHOWN} more" if len(query_ids) > SHOWN else ""
        yield f"{problem}: {', '.join(str(name) for name in query_ids.head(SHOWN))}{more}"
