"""Status figures are counted from the ledger's records."""

import json

import polars as pl

from xtr_pipeline.judge.ledger import GRADE_SCHEMA, QUERY_SCHEMA
from xtr_pipeline.judge.status import ledger_status
from xtr_pipeline_tests.judge.sample_units import grade_record, query_record, three_units, unit_row
from xtr_pipeline_tests.judge.test_attachment import ledger_frame

UNITS = three_units()
FETCHING, PARSING = unit_row(UNITS, "fetch_with_retry"), unit_row(UNITS, "parse_header")


def test_figures_of_a_small_ledger() -> None:
    queries = pl.DataFrame(
        [query_record(FETCHING, "one"), query_record(FETCHING, "two"), query_record(PARSING, "three", kind="keyword")],
        schema=QUERY_SCHEMA,
    )
    grades = ledger_frame(
        grade_record(FETCHING, "one", 5),
        grade_record(PARSING, "one", 2),
        grade_record(FETCHING, "two", 3),
        grade_record(FETCHING, "one", 4, judging=2),
        grade_record(PARSING, "one", 2, judging=2),
    )
    status = ledger_status(queries, grades)
    assert status["queries"] == 3
    assert status["queries_by_kind"] == {"conceptual": 2, "keyword": 1}
    assert (status["graded_queries"], status["pairs"], status["judgments"]) == (2, 3, 5)
    assert (status["second_judgings"], status["judged_twice"]) == (2, 2)
    assert status["grades"] == {"1": 0, "2": 2, "3": 1, "4": 1, "5": 1}
    assert status["bad_queries"] == 1
    assert status["kappa_binary"] == 1.0
    assert json.loads(json.dumps(status)) == status


def test_an_empty_ledger_has_figures_too() -> None:
    status = ledger_status(pl.DataFrame(schema=QUERY_SCHEMA), pl.DataFrame(schema=GRADE_SCHEMA))
    assert (status["queries"], status["pairs"], status["kappa_quadratic"]) == (0, 0, None)
