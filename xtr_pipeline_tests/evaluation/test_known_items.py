"""Ungraded queries about files, each with the file that it was written about."""

import polars as pl

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.evaluation.dev_probe import DEV_QUERY_SCHEMA
from xtr_pipeline.evaluation.known_items import known_items
from xtr_pipeline_tests.judge.sample_units import code_unit

UNITS = {"toy": units_frame([code_unit("a.py", "a", "a"), code_unit("b.py", "b", "b")], "toy", "1")}


def _written(rows: list[tuple[str, str, str | None]]) -> pl.DataFrame:
    names = ["query_id", "path", "outline_id"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(
        repo=pl.lit("toy"), kind=pl.lit("question"), query=pl.format("where is {}?", "query_id")
    )


def test_the_file_that_a_query_was_written_about_is_right_unless_grades_say_what_is():
    rows = [
        ("2", "b.py", "toy/b.py#(outline)"),
        ("1", "a.py", "toy/a.py#(outline)"),
        ("graded", "a.py", "toy/a.py#(outline)"),
        ("about a unit", "a.py", None),
        ("lost", "gone.py", "toy/gone.py#(outline)"),
    ]
    found = known_items({"toy": _written(rows), "unknown": _written(rows)}, UNITS, {"graded"})
    assert found.schema == DEV_QUERY_SCHEMA
    assert found.rows() == [
        ("1", "toy", "question", "where is 1?", ["a.py"]),
        ("2", "toy", "question", "where is 2?", ["b.py"]),
    ]


def test_without_queries_there_is_an_empty_frame():
    assert known_items({}, UNITS, set()).schema == DEV_QUERY_SCHEMA
