"""Examples hold every usable query with its candidates' texts and one settled grade each."""

import polars as pl
import pytest

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.attachment import attach_grades
from xtr_pipeline.judge.ledger import ASKED_SCHEMA, QUERY_SCHEMA
from xtr_pipeline.judge.settled_grades import settled_grades
from xtr_pipeline.judge.status import ledger_status
from xtr_pipeline.judge.training_examples import EXAMPLE_SCHEMA, examples_from_ledger, judged_examples
from xtr_pipeline_tests.judge.sample_units import (
    FETCH,
    PARSE,
    code_unit,
    grade_record,
    query_record,
    three_units,
    unit_row,
)
from xtr_pipeline_tests.judge.test_attachment import ledger_frame

UNITS = three_units()
FETCHING, PARSING, CLEANING = (
    unit_row(UNITS, name) for name in ("fetch_with_retry", "parse_header", "drop_old_entries")
)
TEXT = "waiting longer after each failure"
QUERIES = pl.DataFrame([query_record(FETCHING, TEXT)], schema=QUERY_SCHEMA)


def _settle(*grades: int, **changes: object) -> int:
    records = [grade_record(FETCHING, TEXT, grade, judge=f"judge{number}") for number, grade in enumerate(grades)]
    frame = ledger_frame(*({**record, **changes} for record in records))
    return settled_grades(attach_grades(frame, UNITS).grades)["grade"].item()


def test_an_example_holds_the_query_and_its_candidates_best_first() -> None:
    grades = ledger_frame(
        grade_record(CLEANING, TEXT, 1), grade_record(FETCHING, TEXT, 5), grade_record(PARSING, TEXT, 2)
    )
    examples = judged_examples(QUERIES, grades, UNITS)
    assert examples.schema == EXAMPLE_SCHEMA
    row = examples.row(0, named=True)
    assert (row["query"], row["kind"], row["repo"]) == (TEXT, "conceptual", "toy")
    assert [each["grade"] for each in row["candidates"]] == [5, 2, 1]
    rendered = dict(zip(UNITS["unit_id"], render_units(UNITS), strict=True))
    for candidate in row["candidates"]:
        assert candidate["text"] == rendered[candidate["unit_id"]]


def test_a_query_whose_source_is_not_a_good_answer_is_dropped_and_counted() -> None:
    grades = ledger_frame(grade_record(FETCHING, TEXT, 3), grade_record(PARSING, TEXT, 5))
    result = examples_from_ledger(QUERIES, grades, UNITS)
    assert (result.examples.height, result.graded_queries, result.bad_queries) == (0, 1, 1)


def test_any_unit_of_its_file_may_answer_a_query_about_a_file() -> None:
    about_file = pl.DataFrame([query_record(FETCHING, TEXT, prompt_version="f1")], schema=QUERY_SCHEMA)
    # the unit that its writer named is 3; one of the same file is 4, one of another file is 5
    same, other = grade_record(PARSING, TEXT, 4), grade_record(CLEANING, TEXT, 5)
    named = grade_record(FETCHING, TEXT, 3)
    assert PARSING["path"] == FETCHING["path"] != CLEANING["path"]
    kept = examples_from_ledger(about_file, ledger_frame(named, same), UNITS)
    assert (kept.examples.height, kept.bad_queries) == (1, 0)
    dropped = examples_from_ledger(about_file, ledger_frame(named, other), UNITS)
    assert (dropped.examples.height, dropped.bad_queries) == (0, 1)
    for grades, bad in ((ledger_frame(named, same), 0), (ledger_frame(named, other), 1)):
        assert ledger_status(about_file, grades, pl.DataFrame(schema=ASKED_SCHEMA))["bad_queries"] == bad


def test_a_query_without_grades_and_a_grade_without_query_give_nothing() -> None:
    grades = ledger_frame(grade_record(FETCHING, "another query", 5))
    result = examples_from_ledger(QUERIES, grades, UNITS)
    assert (result.examples.height, result.graded_queries, result.bad_queries) == (0, 0, 0)
    assert result.examples.schema == EXAMPLE_SCHEMA


def test_orphans_lower_the_attached_share_and_leave_the_rest_usable() -> None:
    grades = ledger_frame(grade_record(FETCHING, TEXT, 5), grade_record(CLEANING, TEXT, 1))
    result = examples_from_ledger(QUERIES, grades, UNITS.filter(pl.col("symbol") != "drop_old_entries"))
    assert result.attached == 0.5
    assert result.examples["candidates"].list.len().to_list() == [1]


@pytest.mark.parametrize(
    ("grades", "settled"), [((5,), 5), ((5, 4), 4), ((4, 3), 3), ((2, 3), 3), ((1, 2), 2), ((5, 5, 4), 5), ((4, 2), 3)]
)
def test_judges_who_disagree_meet_in_the_middle_towards_3(grades: tuple[int, ...], settled: int) -> None:
    assert _settle(*grades) == settled


def test_an_expected_grade_counts_before_the_grade() -> None:
    assert _settle(5, expected_grade=3.2) == 3


def test_the_newest_rubric_counts_alone_and_r10_is_newer_than_r9() -> None:
    frame = ledger_frame(
        grade_record(FETCHING, TEXT, 1, rubric_version="r9"), grade_record(FETCHING, TEXT, 5, rubric_version="r10")
    )
    assert settled_grades(attach_grades(frame, UNITS).grades)["grade"].to_list() == [5]


def test_a_unit_that_holds_two_judged_pieces_takes_the_better_grade() -> None:
    first, second = code_unit("a.py", "f", FETCH, start=1), code_unit("a.py", "g", PARSE, start=3, end_line=11)
    cut = units_frame([first, second], "toy", "1.0")
    grades = ledger_frame(grade_record(unit_row(cut, "f"), TEXT, 2), grade_record(unit_row(cut, "g"), TEXT, 5))
    merged = units_frame([code_unit("a.py", "f, g", FETCH + PARSE, start=1, end_line=11)], "toy", "1.0")
    assert settled_grades(attach_grades(grades, merged).grades)["grade"].to_list() == [5]
