"""What must hold of a repository's code units before anything is built on them."""

from __future__ import annotations

import polars as pl

LEAST_CUT_SHARE = 0.5
"""Below this share of units cut by a grammar (not by line windows), globs or grammars do not fit the repository."""


def emptiness_problems(units: pl.DataFrame) -> list[str]:
    """Problems of a corpus that is empty or was not parsed; empty when there are none."""
    if units.is_empty():
        return ["there is not one unit: check the entry's roots and excludes"]
    cut = units.filter(pl.col("kind") != "window").height / units.height
    if cut < LEAST_CUT_SHARE:
        return [f"only {cut:.0%} of {units.height} units were cut by a grammar, the rest are line windows"]
    return []


def uniqueness_problems(units: pl.DataFrame) -> list[str]:
    """Problems of units that cannot be told apart: repeated ids, blank texts, spans that are none."""
    problems = []
    twice = units.filter(pl.col("unit_id").is_duplicated())["unit_id"].unique().sort()
    if len(twice):
        problems.append(f"{len(twice)} unit ids occur more than once, first {twice[0]}")
    blank = units.filter((pl.col("body").str.strip_chars() == "") & (pl.col("docstring").str.strip_chars() == ""))
    if blank.height:
        problems.append(f"{blank.height} units hold no text, first {blank['unit_id'][0]}")
    wrong = units.filter((pl.col("start_line") < 1) | (pl.col("end_line") < pl.col("start_line")))
    if wrong.height:
        problems.append(f"{wrong.height} units have no valid span, first {wrong['unit_id'][0]}")
    return problems
