"""One grade a (query, unit) pair, from all judgings of it."""

from __future__ import annotations

import polars as pl


def settled_grades(attached: pl.DataFrame) -> pl.DataFrame:
    """The grade that training uses for each query and unit: query_id, unit_id, unit_hash, grade (Int8).

    Within a judged text: the mean over judges and judgings under the newest rubric (expected grades where known),
    rounded to the nearest grade, halves towards 3, so that a pair on which judges disagree across the line falls into
    the zone that the contrastive loss ignores. Where several judged texts belong to one unit by now, their best grade
    counts: a unit that holds the answer is an answer.

    `attached` holds grade records with the `unit_id` that `attachment.attach_grades` gives.
    """
    rubric = pl.col("rubric_version").str.extract(r"(\d+)").cast(pl.Int32()).fill_null(0)
    mean = pl.coalesce("expected_grade", pl.col("grade").cast(pl.Float64())).mean()
    per_text = (
        attached.with_columns(rubric=rubric)
        .filter(pl.col("rubric") == pl.col("rubric").max().over("query_id", "unit_hash"))
        .group_by("query_id", "unit_id", "unit_hash")
        .agg(mean=mean)
    )
    towards_three = (
        pl.when(pl.col("mean") > 3).then((pl.col("mean") - 0.5).ceil()).otherwise((pl.col("mean") + 0.5).floor())
    )
    return (
        per_text.with_columns(grade=towards_three.cast(pl.Int8()))
        .sort(["query_id", "unit_id", "grade", "unit_hash"], descending=[False, False, True, False])
        .unique(["query_id", "unit_id"], keep="first", maintain_order=True)
        .select("query_id", "unit_id", "unit_hash", "grade")
    )
