"""What the ledger holds, in figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from xtr_pipeline.judge.agreement import measure_agreement
from xtr_pipeline.judge.records import GRADES, POSITIVE_GRADE


def ledger_status(queries: pl.DataFrame, grades: pl.DataFrame) -> dict[str, Any]:
    """Counts, histogram and agreement of a ledger; every figure is computed from its records alone.

    `pairs` are distinct (query, unit) pairs, `judgments` are grade records. `bad_queries` are graded queries whose own
    source unit is not graded 4 or better by their first judging.
    """
    pairs = grades.select("query_id", "unit_hash").unique()
    first = grades.filter(pl.col("judging") == 1)
    sources = first.join(queries.select("query_id", "unit_hash"), on=["query_id", "unit_hash"], how="semi")
    agreement = measure_agreement(grades)
    histogram = dict(grades.group_by("grade").len().iter_rows())
    return {
        "queries": queries.height,
        "queries_by_kind": _counts(queries, "kind"),
        "queries_by_repo": _counts(queries, "repo"),
        "graded_queries": grades["query_id"].n_unique(),
        "graded_queries_by_repo": _counts(grades.unique("query_id"), "repo"),
        "pairs": pairs.height,
        "judgments": grades.height,
        "second_judgings": grades.filter(pl.col("judging") == 2).height,
        "judges": _counts(grades, "judge"),
        "writers": _counts(queries, "writer"),
        "rubric_versions": _counts(grades, "rubric_version"),
        "prompt_versions": _counts(queries, "prompt_version"),
        "grades": {str(grade): histogram.get(grade, 0) for grade in GRADES},
        "bad_queries": sources.filter(pl.col("grade") < POSITIVE_GRADE)["query_id"].n_unique(),
        "judged_twice": agreement.pairs,
        **{name: value for name, value in asdict(agreement).items() if name != "pairs"},
    }


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().sort(column).iter_rows())
