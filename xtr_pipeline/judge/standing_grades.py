"""Which grades of the ledger still answer a question, after the rubric has changed."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from xtr_pipeline.judge.rubric import RUBRIC_CHANGES, RubricChange


def standing_grades(grades: pl.DataFrame, changes: Sequence[RubricChange] = RUBRIC_CHANGES) -> pl.DataFrame:
    """The grade records that no later rubric asks for again; grades under a version that is not listed do not stand."""
    asked_again: set[int] = set()
    stands = pl.lit(False)
    for change in reversed(changes):
        known = pl.col("rubric_version") == change.version
        stands = stands | (known & ~pl.col("grade").is_in(sorted(asked_again)))
        asked_again |= change.reasks
    return grades.filter(stands)


def asked_again(grades: pl.DataFrame, changes: Sequence[RubricChange] = RUBRIC_CHANGES) -> pl.DataFrame:
    """The first judgings that have to be given again: one record for each pair without a standing first judging."""
    first = grades.filter(pl.col("judging") == 1)
    pair = ["query_id", "unit_hash"]
    fallen = first.join(standing_grades(first, changes), on=pair, how="anti")
    return fallen.unique(pair, keep="first", maintain_order=True)
