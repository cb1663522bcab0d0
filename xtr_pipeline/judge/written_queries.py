"""Queries with the unit that their writer read: what can be trained on before anybody has graded a pool."""

from __future__ import annotations

import polars as pl

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.judge.attachment import attach_grades


def written_about(queries: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """Attach each query to its unit as the corpus is cut now, by content, else by path and span.

    Args:
        queries: Query records of the ledger.
        units: Code units of the same repository.

    Returns:
        The queries in their order with `unit_id` and `text` (the unit's rendering), both null where the unit is gone.
    """
    attached = attach_grades(queries, units).grades.select("query_id", "unit_id")
    shown = units.filter(pl.col("unit_id").is_in(attached["unit_id"].unique().to_list()))
    texts = shown.select("unit_id").with_columns(text=pl.Series(render_units(shown), dtype=pl.String()))
    return queries.join(
        attached.join(texts, on="unit_id", how="left"), on="query_id", how="left", maintain_order="left"
    )
