"""What a query of the ledger was written about, by its prompt: a unit, a file, or a file of an area."""

from __future__ import annotations

import polars as pl

from xtr_pipeline.judge.area_prompt import AREA_PROMPT_VERSIONS
from xtr_pipeline.judge.file_prompt import FILE_PROMPT_VERSIONS
from xtr_pipeline.judge.prompts import QUERY_PROMPT_VERSIONS

PROMPT_VERSIONS = (*QUERY_PROMPT_VERSIONS, *FILE_PROMPT_VERSIONS, *AREA_PROMPT_VERSIONS)
"""Of all prompts that queries of the ledger were written for."""


def about_file() -> pl.Expr:
    """Whether a query was written about a whole file: one shown by itself, or one of an area."""
    return from_file() | from_area()


def source() -> pl.Expr:
    """Where a query comes from: "written" about a unit, or about a file, shown alone ("file") or in an "area"."""
    of_file = pl.when(from_file()).then(pl.lit("file"))
    return of_file.when(from_area()).then(pl.lit("area")).otherwise(pl.lit("written")).alias("source")


def from_file() -> pl.Expr:
    """Whether a query's writer was shown one file."""
    return pl.col("prompt_version").is_in(FILE_PROMPT_VERSIONS)


def from_area() -> pl.Expr:
    """Whether a query's writer was shown an area of neighbouring files."""
    return pl.col("prompt_version").is_in(AREA_PROMPT_VERSIONS)
