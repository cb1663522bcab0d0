"""Queries find the unit that their writer read."""

import polars as pl

from xtr_pipeline.judge.written_queries import written_about
from xtr_pipeline_tests.judge.sample_units import three_units


def queries(units: pl.DataFrame, **changes: object) -> pl.DataFrame:
    unit = units.row(0, named=True)
    place = {name: unit[name] for name in ("repo", "path", "symbol", "start_line", "end_line")}
    overlap = {"path": 0.0, "names": 0.0, "body": 0.0}
    record = {"query_id": "q", "query": "again", "unit_hash": unit["content_hash"], "overlap": overlap, **place}
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
