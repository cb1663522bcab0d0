"""The tables of agreement show what was put into made-up ledgers: by kind, by repo, leniency and position."""

import polars as pl

from xtr_pipeline.judge.agreement_report import agreement_report, agreement_table, leniency_table, position_table
from xtr_pipeline.judge.ledger import GRADE_SCHEMA, QUERY_SCHEMA
from xtr_pipeline_tests.judge.sample_units import grade_record, query_record, three_units, unit_row
from xtr_pipeline_tests.judge.test_attachment import ledger_frame

TOY, OTHER = three_units(), three_units("other")
NAMES = ("fetch_with_retry", "parse_header", "drop_old_entries")


def _ledger(first: tuple[int, int, int], second: tuple[int, int, int], units: pl.DataFrame, text: str) -> list[dict]:
    """One query's three grades, judged twice, in the opposite order the second time."""
    records = []
    for judging, grades in ((1, first), (2, second)):
        for place, (name, grade) in enumerate(zip(NAMES, grades, strict=True), start=1):
            position = place if judging == 1 else 4 - place
            records.append(grade_record(unit_row(units, name), text, grade, judging=judging, position=position))
    return records


def _queries(*texts: tuple[pl.DataFrame, str, str]) -> pl.DataFrame:
    records = [query_record(unit_row(units, NAMES[0]), text, kind=kind) for units, text, kind in texts]
    return pl.DataFrame(records, schema=QUERY_SCHEMA)


def test_agreement_is_told_over_all_by_kind_and_by_repo() -> None:
    queries = _queries((TOY, "one", "conceptual"), (OTHER, "two", "keyword"))
    grades = ledger_frame(*_ledger((5, 1, 2), (5, 1, 2), TOY, "one"), *_ledger((5, 1, 2), (1, 5, 2), OTHER, "two"))
    table = {row["of"]: row for row in agreement_table(queries, grades).to_dicts()}
    assert list(table) == ["all", "conceptual", "keyword", "other", "toy"]
    assert (table["toy"]["kappa"], table["conceptual"]["binary"]) == (1.0, 1.0)
    assert table["other"]["binary"] < 0
    assert (table["all"]["pairs"], table["all"]["queries"]) == (6, 2)
    assert table["all"]["quadratic_low"] <= table["all"]["quadratic"] <= table["all"]["quadratic_high"]


def test_a_lenient_second_judge_shows_by_grade() -> None:
    grades = ledger_frame(*_ledger((1, 1, 5), (2, 2, 5), TOY, "one"))
    assert leniency_table(grades).select("first", "pairs", "mean_second", "shift").rows() == [
        (1, 2, 2.0, 1.0),
        (5, 1, 5.0, 0.0),
    ]


def test_a_judge_that_likes_the_first_places_has_a_slope_and_a_fair_one_has_none() -> None:
    liking = [record for number in range(12) for record in _ledger((5, 3, 1), (1, 3, 5), TOY, f"liking {number}")]
    slopes = position_table(ledger_frame(*liking))
    assert slopes["grades_a_place"].to_list() == [-2.0, -2.0]
    assert (slopes["high"] < 0).all()
    orders = [((5, 1, 1), (5, 1, 1)), ((1, 5, 1), (1, 5, 1)), ((1, 1, 5), (1, 1, 5))] * 6
    fair = [record for number, (a, b) in enumerate(orders) for record in _ledger(a, b, TOY, f"fair {number}")]
    of_grades, of_changes = position_table(ledger_frame(*fair)).to_dicts()
    assert of_grades["low"] < 0 < of_grades["high"]
    assert of_changes["grades_a_place"] == 0.0


def test_an_empty_ledger_has_empty_tables() -> None:
    report = agreement_report(pl.DataFrame(schema=QUERY_SCHEMA), pl.DataFrame(schema=GRADE_SCHEMA))
    assert all(frame.is_empty() for frame in report.values())
