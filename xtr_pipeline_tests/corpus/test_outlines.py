"""One more document a file: its names with the first lines of their documentation."""

from __future__ import annotations

import polars as pl
import pytest

from xtr_pipeline.corpus.outlines import LINE_LENGTH, document_ids, outline_id, with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.corpus.units import UNIT_SCHEMA, CodeUnit, units_frame


def unit(path: str, symbol: str, line: int, docstring: str = "", part: int = 0) -> CodeUnit:
    return CodeUnit(path, symbol, "function", "python", line, line + 1, part, docstring, "code = 1")


UNITS = units_frame(
    [
        unit("b.py", "late", 9, "\n  Send it.\nAt once."),
        unit("b.py", "early", 1),
        unit("b.py", "late", 12, part=1),
        unit("b.py", "early", 5),
        unit("a.py", "only", 3, "x" * 500),
    ],
    "demo",
    "1.0",
)


def outlines() -> pl.DataFrame:
    return with_outlines(UNITS).filter(pl.col("kind") == "outline")


def test_units_stay_and_every_file_gets_one_outline() -> None:
    documents = with_outlines(UNITS)
    assert documents.schema == UNIT_SCHEMA
    assert documents["unit_id"].is_sorted()
    assert documents["unit_id"].n_unique() == 7
    assert documents.filter(pl.col("kind") != "outline").equals(UNITS.sort("unit_id"))
    assert outlines()["unit_id"].to_list() == ["demo/a.py#(outline)", "demo/b.py#(outline)"]
    assert document_ids(UNITS) == documents["unit_id"].to_list()
    assert outline_id("demo", "a.py") == "demo/a.py#(outline)"


def test_an_outline_names_what_is_in_the_file_in_its_order_each_once() -> None:
    of_a, of_b = render_units(outlines())
    assert of_b == "b.py\nearly\nlate: Send it."
    assert of_a == f"a.py\nonly: {'x' * LINE_LENGTH}"
    assert outlines().select("start_line", "end_line").rows() == [(3, 4), (1, 10)]


def test_a_file_of_which_only_later_parts_are_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"units of c\.py lack their first part"):
        with_outlines(units_frame([unit("c.py", "late", 9, part=1)], "demo", "1"))


def test_no_units_have_no_outlines() -> None:
    assert with_outlines(UNITS.clear()).equals(UNITS.clear())
