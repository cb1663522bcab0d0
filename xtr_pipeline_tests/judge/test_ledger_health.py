"""Health predicates pass on sound labels and name what is wrong with others."""

import polars as pl

from xtr_pipeline.judge.attachment import attach_grades
from xtr_pipeline.judge.ledger import QUERY_SCHEMA
from xtr_pipeline.judge.ledger_health import (
    degenerate_grade_problems,
    forbidden_repo_problems,
    grade_problems,
    grade_range_problems,
    orphan_problems,
)
from xtr_pipeline_tests.judge.sample_units import grade_record, query_record, three_units, unit_row
from xtr_pipeline_tests.judge.test_attachment import ledger_frame

UNITS = three_units()
UNIT = unit_row(UNITS, "fetch_with_retry")


def _grades(*grades: int) -> pl.DataFrame:
    return pl.DataFrame({"grade": grades}, schema={"grade": pl.Int8()})


def test_varied_grades_are_sound() -> None:
    assert grade_problems(_grades(*[1, 2, 2, 3, 5] * 20)) == []


def test_a_repo_without_grades_has_no_problem() -> None:
    assert grade_problems(_grades()) == []


def test_too_few_grades_to_tell_are_left_alone() -> None:
    assert grade_problems(_grades(*[5] * 49)) == []


def test_one_grade_for_everything_is_degenerate() -> None:
    problems = degenerate_grade_problems(_grades(*[2] * 95, *[5] * 5))
    assert problems == ["95% of the grades are 2, more than 80%"]


def test_hardly_a_positive_is_degenerate() -> None:
    assert "1% of the grades are 4 or 5" in degenerate_grade_problems(_grades(*[1, 2, 3] * 33, 5))[0]


def test_positives_everywhere_are_degenerate() -> None:
    assert "75% of the grades are 4 or 5" in degenerate_grade_problems(_grades(*[4, 5, 4, 1] * 25))[0]


def test_grades_out_of_range_are_counted() -> None:
    assert grade_range_problems(_grades(0, 3, 6)) == ["2 grades are not within 1 to 5"]


def test_train_and_dev_repos_may_be_labelled() -> None:
    labels = pl.DataFrame({"repo": ["toy", "other"]})
    assert forbidden_repo_problems(labels, ["toy", "other", "third"], frozenset({"click"})) == []


def test_eval_reserved_and_unknown_repos_may_not() -> None:
    labels = pl.DataFrame({"repo": ["toy", "measured", "Click", "unheard-of"]})
    assert forbidden_repo_problems(labels, ["toy", "Click"], frozenset({"click"})) == [
        "labels from repos that are reserved for evaluation: Click",
        "labels from repos that are no train or dev repos of the registry: measured, unheard-of",
    ]


def test_labels_with_query_and_unit_are_no_orphans() -> None:
    queries = pl.DataFrame([query_record(UNIT, "q")], schema=QUERY_SCHEMA)
    grades = ledger_frame(grade_record(UNIT, "q", 5))
    assert orphan_problems(queries, grades, attach_grades(grades, UNITS)) == []


def test_labels_without_query_or_unit_are_orphans() -> None:
    queries = pl.DataFrame([query_record(UNIT, "q")], schema=QUERY_SCHEMA)
    grades = ledger_frame(grade_record(UNIT, "q", 5), grade_record(UNIT, "lost query", 5))
    problems = orphan_problems(queries, grades, attach_grades(grades, UNITS.clear()))
    assert problems[0] == "1 grades belong to 1 queries that are not there"
    assert "only 0.0% of the grades found their unit" in problems[1]
