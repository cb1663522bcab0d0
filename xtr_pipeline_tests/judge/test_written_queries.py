"""Queries find the unit that their writer read."""

import polars as pl
import pytest

from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.judge.written_queries import written_about
from xtr_pipeline_tests.judge.sample_units import three_units


def queries(units: pl.DataFrame, **changes: object) -> pl.DataFrame:
    unit = units.row(0, named=True)
    place = {name: unit[name] for name in ("repo", "path", "symbol", "start_line", "end_line")}
    overlap = {"path": 0.0, "names": 0.0, "body": 0.0}
    record = {"query_id": "q", "query": "again", "unit_hash": unit["content_hash"], "overlap": overlap, **place}
    record["prompt_version"] = "q1"
    return pl.DataFrame([{**record, **changes}])


def test_a_query_gets_the_rendering_of_its_unit() -> None:
    units = three_units()
    row = written_about(queries(units), units).row(0, named=True)
    assert row["unit_id"] == units["unit_id"][0]
    assert units["body"][0].strip().splitlines()[0] in row["text"]


def test_a_changed_unit_is_found_by_its_lines() -> None:
    units = three_units()
    row = written_about(queries(units, unit_hash="0" * 64), units).row(0, named=True)
    assert row["unit_id"] == units["unit_id"][0]


def test_a_query_whose_unit_is_gone_stays_without_one() -> None:
    units = three_units()
    row = written_about(queries(units, unit_hash="0" * 64, path="gone.py"), units).row(0, named=True)
    assert (row["query"], row["unit_id"], row["text"]) == ("again", None, None)


@pytest.mark.parametrize("prompt_version", ["f1", "a1"])
def test_only_a_query_about_a_file_gets_the_files_outline(prompt_version: str) -> None:
    units = three_units()
    about_file = queries(units, path="net/client.py", prompt_version=prompt_version)
    row = written_about(about_file, units).row(0, named=True)
    outline = with_outlines(units).filter(kind="outline", path="net/client.py")
    assert row["outline_id"] == outline["unit_id"].item()
    assert row["outline_text"] == render_units(outline)[0]
    assert "fetch_with_retry" in row["outline_text"]
    assert "parse_header" in row["outline_text"]
    about_unit = written_about(queries(units), units).row(0, named=True)
    assert (about_unit["outline_id"], about_unit["outline_text"]) == (None, None)


def test_the_outline_of_a_file_that_is_gone_is_none() -> None:
    units = three_units()
    row = written_about(queries(units, path="gone.py", prompt_version="f1", unit_hash="0" * 64), units)
    assert row.select("unit_id", "outline_id", "outline_text").row(0) == (None, None, None)
