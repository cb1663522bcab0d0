"""Finding the unit that a grade is about, also after the corpus was cut anew."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

MINIMUM_OVERLAP = 0.5


@dataclass(frozen=True)
class Attached:
    """Grades with the unit they belong to now.

    Attributes:
        grades: The attached grade records, with `unit_id` and `attached_by` ("content" or "span").
        orphans: The grade records of which no unit is left.
        share: Attached records by all records; 1.0 when there were none.
    """

    grades: pl.DataFrame
    orphans: pl.DataFrame
    share: float


def attach_grades(grades: pl.DataFrame, units: pl.DataFrame) -> Attached:
    """Attach each grade to one unit of its repo: the one with the content that was judged, else by path and span.

    Where several units have the content, the one at the judged path nearest to the judged line is taken. By span, a
    unit of the same path whose lines and the judged lines have at least half of their union in common. Ties go to the
    smaller unit id.
    """
    numbered = grades.with_row_index("row")
    places = units.select(
        "repo", "unit_id", "content_hash", unit_path="path", unit_start="start_line", unit_end="end_line"
    )
    by_content = (
        numbered.join(places, left_on=["repo", "unit_hash"], right_on=["repo", "content_hash"], how="inner")
        .with_columns(
            elsewhere=pl.col("path") != pl.col("unit_path"), away=(pl.col("start_line") - pl.col("unit_start")).abs()
        )
        .sort("row", "elsewhere", "away", "unit_id")
        .unique("row", keep="first", maintain_order=True)
        .with_columns(attached_by=pl.lit("content"))
    )
    left = numbered.join(by_content, on="row", how="anti")
    shared = (pl.min_horizontal("end_line", "unit_end") - pl.max_horizontal("start_line", "unit_start") + 1).clip(
        lower_bound=0
    )
    union = pl.max_horizontal("end_line", "unit_end") - pl.min_horizontal("start_line", "unit_start") + 1
    by_span = (
        left.join(places, left_on=["repo", "path"], right_on=["repo", "unit_path"], how="inner")
        .with_columns(common_lines=shared / union)
        .filter(pl.col("common_lines") >= MINIMUM_OVERLAP)
        .sort(["row", "common_lines", "unit_id"], descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
        .with_columns(attached_by=pl.lit("span"))
    )
    columns = ["row", *grades.columns, "unit_id", "attached_by"]
    attached = pl.concat([by_content.select(columns), by_span.select(columns)]).sort("row").drop("row")
    orphans = left.join(by_span, on="row", how="anti").drop("row")
    return Attached(attached, orphans, attached.height / grades.height if grades.height else 1.0)
