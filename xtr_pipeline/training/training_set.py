"""What the recipes learn from: docstring pairs for the baseline, written and judged queries for the candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from xtr_pipeline.training.examples import EXAMPLES_SCHEMA, UNJUDGED

WRITTEN = ("written", "file", "area")
"""Sources of queries without grades: about a unit, about a file, about one of an area's files."""


class TrainingSetError(ValueError):
    """Repositories that must not be in a training set, or a training set without examples."""


@dataclass(frozen=True)
class Labels:
    """What is known about one train repository.

    Attributes:
        queries: Written queries with what they are about (`judge.written_queries`) and `source`, one of `WRITTEN`.
        graded: Ids of the queries that a judge graded; they count by their grades alone, also where these show that a
            query is a bad one.
        judged: Examples of queries with grades.
        mined: Negatives of written queries (`judge.mined_negatives`).
    """

    queries: pl.DataFrame
    graded: frozenset[str]
    judged: pl.DataFrame
    mined: pl.DataFrame


def training_set_of(labels: Mapping[str, Labels]) -> pl.DataFrame:
    """Put the queries of all train repositories together.

    Returns:
        Columns source ("judged", or one of `WRITTEN`) and those of `EXAMPLES_SCHEMA`, sorted. A query without grades
        has the unit that it was written about, with grade 5, which no judge gave (`source` says so), and mined
        negatives, with grade 0. One about a file has the file's outline too, with grade 5, graded or not.

    Raises:
        TrainingSetError: There is no example.
    """
    frames = []
    for known in labels.values():
        ungraded = ~pl.col("query_id").is_in(sorted(known.graded))
        unjudged = known.queries.filter(ungraded).drop_nulls("unit_id")
        # by what occurs, so that a source which `WRITTEN` does not list yet is trained on all the same
        for (source,), alike in unjudged.partition_by("source", as_dict=True).items():
            alone = _with_outlines(_single(alike), known.queries)
            frames.append(_from(str(source), _with_mined(alone, known.mined)))
        frames.append(_from("judged", _with_outlines(known.judged, known.queries)))
    return _together(frames, labels)


def docstring_set_of(pairs: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Put the docstring pairs of all train repositories together: source "docstring", the code as the one candidate.

    Raises:
        TrainingSetError: There is no example.
    """
    named = (frame.with_columns(query_id="unit_id", kind=pl.lit("docstring")) for frame in pairs.values())
    return _together([_from("docstring", _single(frame)) for frame in named], pairs)


def _single(rows: pl.DataFrame) -> pl.DataFrame:
    """Examples with one candidate each; the negatives come from the other examples of a batch."""
    candidate = pl.struct(pl.col("unit_id"), pl.col("text"), grade=pl.lit(5, dtype=pl.Int8))
    return rows.select("query_id", "query", "kind", "repo", candidates=pl.concat_list(candidate))


def _with_outlines(examples: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    """Examples, behind whose candidates those about a file have its outline: a right answer by what it is."""
    outline = pl.struct(unit_id="outline_id", text="outline_text", grade=pl.lit(5, dtype=pl.Int8))
    about_file = queries.drop_nulls("outline_id").select("query_id", outlines=pl.concat_list(outline))
    return examples.join(about_file, on="query_id", how="left", maintain_order="left").select(
        pl.exclude("candidates", "outlines"),
        candidates=pl.concat_list("candidates", pl.col("outlines").fill_null([])),
    )


def _with_mined(examples: pl.DataFrame, mined: pl.DataFrame) -> pl.DataFrame:
    """Mined negatives behind each example's own candidates, as candidates that nobody judged."""
    unjudged = pl.struct("unit_id", "text", grade=pl.lit(UNJUDGED, dtype=pl.Int8))
    by_query = mined.sort("query_id", "rank").group_by("query_id", maintain_order=True).agg(mined=unjudged)
    both = pl.concat_list("candidates", pl.col("mined").fill_null([]))
    return examples.join(by_query, on="query_id", how="left", maintain_order="left").select(
        pl.exclude("candidates", "mined"), candidates=both
    )


def _from(source: str, examples: pl.DataFrame) -> pl.DataFrame:
    columns = examples.select(pl.lit(source).alias("source"), *EXAMPLES_SCHEMA)
    return columns.cast(dict(EXAMPLES_SCHEMA))  # type: ignore[arg-type]


def _together(frames: list[pl.DataFrame], repos: Mapping[str, object]) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"source": pl.String, **EXAMPLES_SCHEMA})
    examples = pl.concat([empty, *frames]).sort("source", "repo", "query_id")
    if examples.is_empty():
        raise TrainingSetError(f"no example in any train repository (seen: {', '.join(repos) or 'none'})")
    return examples
