"""Queries with what their writer read: what can be trained on before anybody has graded a pool."""

from __future__ import annotations

import polars as pl

from xtr_pipeline.corpus.outlines import outline_id, outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.judge.attachment import attach_grades
from xtr_pipeline.judge.query_subjects import about_file


def written_about(queries: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """Attach each query to its unit as the corpus is cut now, by content, else by path and span.

    Args:
        queries: Query records of the ledger.
        units: Code units of the same repository.

    Returns:
        The queries in their order with `unit_id` and `text` (the unit's rendering), both null where the unit is gone;
        queries about a whole file also with `outline_id` and `outline_text`, which are null for those about a unit.
    """
    attached = attach_grades(queries, units).grades.select("query_id", "unit_id")
    texts = _texts(units.filter(pl.col("unit_id").is_in(attached["unit_id"].unique().to_list())))
    files = queries.filter(about_file()).select("query_id", "repo", "path")
    ids = pl.Series([outline_id(*row) for row in files.select("repo", "path").iter_rows()], dtype=pl.String)
    of_files = outlines(units.filter(pl.col("path").is_in(files["path"].unique().to_list())))
    shown = files.select("query_id", outline_id=ids).join(
        _texts(of_files).rename({"unit_id": "outline_id", "text": "outline_text"}), on="outline_id", how="inner"
    )
    return queries.join(
        attached.join(texts, on="unit_id", how="left"), on="query_id", how="left", maintain_order="left"
    ).join(shown, on="query_id", how="left", maintain_order="left")


def _texts(units: pl.DataFrame) -> pl.DataFrame:
    return units.select("unit_id").with_columns(text=pl.Series(render_units(units), dtype=pl.String()))
