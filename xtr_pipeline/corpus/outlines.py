"""Outlines of files: what a reader sees who skims a file, its names and the first lines of its documentation.

A unit is read alone, and much of what it does is said elsewhere in its file. The outline is one more document a file.
"""

from __future__ import annotations

import polars as pl

from xtr_pipeline.corpus.units import UNIT_SCHEMA, content_hash

LINE_LENGTH = 120


def with_outlines(units: pl.DataFrame) -> pl.DataFrame:
    """The units and the `outlines` of their files, sorted by unit id.

    Args:
        units: UNIT_SCHEMA, of one repository.

    Raises:
        ValueError: Later parts of a file's pieces without the first.
    """
    return pl.concat([units, outlines(units)]).sort("unit_id")


def outlines(units: pl.DataFrame) -> pl.DataFrame:
    """An outline of each of the units' files: each symbol, in the file's order, with its documentation's first line.

    Args:
        units: UNIT_SCHEMA, of one repository, all units of each file.

    Returns:
        UNIT_SCHEMA; an outline's kind is "outline", its id `outline_id` of repository and path.

    Raises:
        ValueError: Later parts of a file's pieces without the first.
    """
    headless = units.filter(pl.col("part").min().over("path") > 0)["path"].unique().sort()
    if len(headless):
        raise ValueError(f"units of {headless[0]} lack their first part, so that there is no outline of it")
    first = pl.col("docstring").str.strip_chars().str.split("\n").list.first().str.slice(0, LINE_LENGTH)
    line = pl.when(first == "").then("symbol").otherwise(pl.format("{}: {}", "symbol", first))
    files = (
        # later parts of a long piece repeat its symbol without its documentation
        units.filter(part=0)
        .sort("path", "start_line")
        .group_by("path", maintain_order=True)
        .agg(
            pl.first("repo", "version", "language"),
            pl.min("start_line"),
            pl.max("end_line"),
            body=line.unique(maintain_order=True).str.join("\n"),
        )
    )
    named = files.with_columns(
        pl.Series("unit_id", [outline_id(*row) for row in files.select("repo", "path").iter_rows()], dtype=pl.String),
        pl.Series("content_hash", [content_hash("", body) for body in files["body"]], dtype=pl.String),
        symbol=pl.lit(""),
        docstring=pl.lit(""),
        kind=pl.lit("outline"),
        part=pl.lit(0),
    )
    return named.select(pl.col(name).cast(kind) for name, kind in UNIT_SCHEMA.items())


def document_ids(units: pl.DataFrame, *, outlines: bool = True) -> list[str]:
    """The ids of `with_outlines` (or of the units alone), without making the texts."""
    files = units.select("repo", "path").unique().iter_rows() if outlines else ()
    return sorted([*units["unit_id"], *(outline_id(*row) for row in files)])


def outline_id(repo: str, path: str) -> str:
    """The id of a file's outline; those of units end with lines, so that none is the same."""
    return f"{repo}/{path}#(outline)"
