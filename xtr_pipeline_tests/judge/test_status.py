"""Status figures are counted from the ledger's records."""

import json

import polars as pl

from xtr_pipeline.judge.ledger import ASKED_SCHEMA, GRADE_SCHEMA, QUERY_SCHEMA
from xtr_pipeline.judge.status import ledger_status
from xtr_pipeline_tests.judge.sample_units import grade_record, query_record, three_units, unit_row
from xtr_pipeline_tests.judge.test_attachment import ledger_frame

UNITS = three_units()
NO_ACCOUNT = pl.DataFrame(schema=ASKED_SCHEMA)
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
    status = ledger_status(queries, grades, NO_ACCOUNT)
    assert status["queries"] == 3
    assert status["queries_by_kind"] == {"conceptual": 2, "keyword": 1}
    assert (status["graded_queries"], status["pairs"], status["judgments"]) == (2, 3, 5)
    assert (status["second_judgings"], status["judged_twice"]) == (2, 2)
    assert status["grades"] == {"1": 0, "2": 2, "3": 1, "4": 1, "5": 1}
    assert status["bad_queries"] == 1
    assert status["kappa_binary"] == 1.0
    assert json.loads(json.dumps(status)) == status


def test_an_empty_ledger_has_figures_too() -> None:
    status = ledger_status(pl.DataFrame(schema=QUERY_SCHEMA), pl.DataFrame(schema=GRADE_SCHEMA), NO_ACCOUNT)
    assert (status["queries"], status["pairs"], status["kappa_quadratic"]) == (0, 0, None)


def _account(subject: str, outcome: str, money: float | None = None, answer: str = "a") -> dict[str, object]:
    task = "queries" if subject.startswith("unit") else "grades"
    return {
        "custom_id": f"{subject}-r1",
        "repo": "toy",
        "task": task,
        "subject": subject,
        "judge": "gpt",
        "outcome": outcome,
        "answer_id": answer,
        "prompt_tokens": 100 if money else None,
        "completion_tokens": 10 if money else None,
        "money": money,
        "date": "2026-11-26",
    }


def test_the_account_counts_requests_and_labels_older_than_it() -> None:
    queries = pl.DataFrame([query_record(FETCHING, "one"), query_record(PARSING, "two")], schema=QUERY_SCHEMA)
    grades = ledger_frame(grade_record(FETCHING, "one", 5), grade_record(PARSING, "one", 2))
    graded = f"query-{query_record(FETCHING, 'one')['query_id']}-1"
    account = [
        _account(f"unit-{FETCHING['content_hash'][:16]}", "quarantined", 0.25, "first"),
        _account(f"unit-{FETCHING['content_hash'][:16]}", "answered", 0.5, "second"),
        _account("unit-0123456789abcdef", "declined"),
        _account("query-0123456789abcdef-1", "quarantined", 0.25),
        _account(graded, "answered"),
    ]
    status = ledger_status(queries, grades, pl.DataFrame(account, schema=ASKED_SCHEMA))
    # two units with queries, one graded query, one declined, one that only has a bad answer
    assert (status["asked"], status["answered"], status["quarantined"], status["declined"]) == (5, 4, 1, 1)
    assert (status["money"], status["tokens"]) == (1.0, 330)
