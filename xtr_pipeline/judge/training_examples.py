"""From the ledger to training examples: each usable query with its graded candidates' texts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.judge.attachment import Attached, attach_grades
from xtr_pipeline.judge.query_subjects import about_file
from xtr_pipeline.judge.records import POSITIVE_GRADE
from xtr_pipeline.judge.settled_grades import settled_grades

__all__ = ["EXAMPLE_SCHEMA", "Attached", "JudgedExamples", "attach_grades", "examples_from_ledger", "judged_examples"]

EXAMPLE_SCHEMA = pl.Schema(
    {
        "query_id": pl.String(),
        "query": pl.String(),
        "kind": pl.String(),
        "repo": pl.String(),
        "candidates": pl.List(pl.Struct({"unit_id": pl.String(), "text": pl.String(), "grade": pl.Int8()})),
    }
)


@dataclass(frozen=True)
class JudgedExamples:
    """Examples, and what became of the ledger on the way to them.

    Attributes:
        examples: EXAMPLE_SCHEMA, sorted by query id; candidates by grade (best first), then unit id.
        graded_queries: Queries of the ledger with at least one attached grade.
        bad_queries: Of those, dropped because their own source unit, or any unit of the file that they are about, is
            not graded 4 or better (or is lost).
        attached: Share of grade records that found their unit.
    """

    examples: pl.DataFrame
    graded_queries: int
    bad_queries: int
    attached: float


def judged_examples(queries: pl.DataFrame, grades: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The examples frame (EXAMPLE_SCHEMA) of a ledger's records over the units of the same repos."""
    return examples_from_ledger(queries, grades, units).examples


def examples_from_ledger(queries: pl.DataFrame, grades: pl.DataFrame, units: pl.DataFrame) -> JudgedExamples:
    """`judged_examples` with its report.

    A query whose source unit is not graded 4 or better is dropped as bad; of one about a file, any unit of that file
    may be. The unit of such a query is only where its writer would start to read.
    """
    attached = attach_grades(grades, units)
    settled = settled_grades(attached.grades).join(queries.select("query_id"), on="query_id", how="semi")
    answers = pl.concat([_source_grades(queries, attached.grades, settled), _file_grades(queries, settled, units)])
    good = answers.filter(pl.col("grade") >= POSITIVE_GRADE).select("query_id").unique()
    shown = units.filter(pl.col("unit_id").is_in(settled["unit_id"].unique().to_list()))
    texts = shown.select("unit_id").with_columns(text=pl.Series(render_units(shown), dtype=pl.String()))
    examples = (
        settled.join(good, on="query_id", how="semi")
        .join(texts, on="unit_id", how="inner")
        .sort(["query_id", "grade", "unit_id"], descending=[False, True, False])
        .group_by("query_id", maintain_order=True)
        .agg(candidates=pl.struct("unit_id", "text", "grade"))
        .join(queries.select("query_id", "query", "kind", "repo"), on="query_id", how="inner")
        .select(list(EXAMPLE_SCHEMA))
        .sort("query_id")
        .cast(dict(EXAMPLE_SCHEMA))  # type: ignore[arg-type]
    )
    graded = settled["query_id"].n_unique()
    return JudgedExamples(examples, graded, graded - examples.height, attached.share)


def _source_grades(queries: pl.DataFrame, attached: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """The settled grade of each query's own source unit."""
    sources = attached.join(queries.select("query_id", "unit_hash"), on=["query_id", "unit_hash"], how="semi")
    return sources.select("query_id", "unit_id").unique().join(settled, on=["query_id", "unit_id"], how="inner")


def _file_grades(queries: pl.DataFrame, settled: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The settled grades that queries about a file have for its units."""
    files = queries.filter(about_file()).select("query_id", "repo", "path")
    in_files = units.select("unit_id", "repo", "path").join(files, on=["repo", "path"]).select("query_id", "unit_id")
    return in_files.join(settled, on=["query_id", "unit_id"], how="inner")
