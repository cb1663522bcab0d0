"""Queries about whole files: which files are asked about, what is shown, and how answers are stored."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.answers import Source
from xtr_pipeline.judge.asked_records import file_subject, subject_of
from xtr_pipeline.judge.batches import export_requests
from xtr_pipeline.judge.campaign import plan_file_queries, plan_queries
from xtr_pipeline.judge.chat_body import ChatSettings
from xtr_pipeline.judge.file_prompt import FILE_PROMPT_VERSION, FILE_PROMPT_VERSIONS
from xtr_pipeline.judge.file_requests import SHOWN_UNITS, file_requests, sample_files
from xtr_pipeline.judge.importing import LabelledRepos, import_answers
from xtr_pipeline.judge.ledger import ASKED_SCHEMA, GRADE_SCHEMA, QUERY_SCHEMA, load_asked, load_queries
from xtr_pipeline.judge.sampling import Sampling
from xtr_pipeline.judge.status import ledger_status
from xtr_pipeline_tests.judge.sample_units import CLEAN, FETCH, PARSE, code_unit, query_record, three_units, unit_row

BODIES = [FETCH, CLEAN, PARSE]
# one file with ten units, one with three of them, one that is too small
UNITS = units_frame(
    [
        *(
            code_unit("net/big.py", f"job{number:02d}", f"# {number}\n{BODIES[number % 3]}", start=20 * number + 1)
            for number in range(10)
        ),
        *(
            code_unit("net/mid.py", f"piece{number}", f"# piece {number}\n{BODIES[number % 3]}", start=20 * number + 1)
            for number in range(5)
        ),
        code_unit("net/small.py", "alone", FETCH + "# alone\n"),
    ],
    "toy",
    "1.0",
)
NO_QUERIES = pl.DataFrame(schema=QUERY_SCHEMA)
QUERIES = Source("queries", "claude", "2026-11-26")


def test_substantial_files_that_are_not_taken_are_drawn_in_an_order_of_the_seed() -> None:
    assert sorted(sample_files(UNITS, 9, seed=1)) == ["net/big.py", "net/mid.py"]
    assert sample_files(UNITS, 9, seed=1, taken={"net/mid.py"}) == ["net/big.py"]
    orders = {tuple(sample_files(UNITS, 9, seed)) for seed in range(20)}
    assert orders == {("net/big.py", "net/mid.py"), ("net/mid.py", "net/big.py")}
    assert sample_files(UNITS, 1, seed=1) == sample_files(UNITS, 9, seed=1)[:1]


def test_a_request_shows_the_files_outline_and_its_main_units() -> None:
    request = next(iter(file_requests(UNITS, ["net/big.py"])))
    assert [unit["letter"] for unit in request.manifest["units"]] == list("ABCDEFGH")[:SHOWN_UNITS]
    places = [unit["start_line"] for unit in request.manifest["units"]]
    assert places == sorted(places)
    assert all(f"job{number:02d}" in request.user for number in range(10))
    assert "The file: net/big.py" in request.user
    assert "Write: 2 conceptual, 1 question." in request.user
    assert request.manifest["prompt_version"] == FILE_PROMPT_VERSION in FILE_PROMPT_VERSIONS


def test_a_file_is_asked_about_once_and_units_go_by_themselves() -> None:
    row = unit_row(UNITS, "job00")
    about_unit = pl.DataFrame([query_record(row)], schema=QUERY_SCHEMA)
    about_file = pl.DataFrame([query_record(row, prompt_version=FILE_PROMPT_VERSION)], schema=QUERY_SCHEMA)
    paths = lambda queries, taken=(): {  # noqa: E731
        request.manifest["path"] for request in plan_file_queries(UNITS, queries, 9, 1, taken).requests
    }
    assert paths(about_unit) == {"net/big.py", "net/mid.py"}
    assert paths(about_file) == {"net/mid.py"}
    assert paths(NO_QUERIES, {"net/big.py"}) == {"net/mid.py"}
    assert "job00" not in {each.manifest["symbol"] for each in plan_queries(UNITS, about_file, Sampling()).requests}


def _answered(tmp_path: Path, *queries: tuple[str, str, Any]) -> tuple[Any, Path]:
    out, ledger = tmp_path / "out", tmp_path / "ledger"
    requests = list(file_requests(UNITS, ["net/mid.py"]))
    export_requests(requests, out, ChatSettings())
    content = {"queries": [{"kind": kind, "query": query, "unit": unit} for kind, query, unit in queries], "skip": None}
    answers = out / "batch-001.answers.jsonl"
    answers.write_text(json.dumps({"custom_id": requests[0].custom_id, "content": content}) + "\n", encoding="utf-8")
    return import_answers([answers], ledger, QUERIES, LabelledRepos(("toy",), frozenset())), ledger


def test_a_query_is_stored_with_the_unit_that_its_writer_named(tmp_path: Path) -> None:
    done, ledger = _answered(
        tmp_path,
        ("conceptual", "waiting longer after every failure", "A"),
        ("question", "what happens to things whose date is over when we look again?", "B"),
    )
    assert (done.added, done.refused) == (2, ())
    stored = {row["kind"]: row for row in load_queries(ledger).to_dicts()}
    assert stored["conceptual"]["symbol"] == "piece0"
    assert stored["question"]["symbol"] == "piece1"
    assert stored["question"]["unit_hash"] == unit_row(UNITS, "piece1")["content_hash"]
    assert {row["prompt_version"] for row in stored.values()} == {FILE_PROMPT_VERSION}
    assert load_asked(ledger)["subject"].to_list() == [file_subject("toy", "net/mid.py")]


def test_a_unit_that_was_not_shown_and_the_words_of_any_of_the_files_names_are_refused(tmp_path: Path) -> None:
    done, _ = _answered(
        tmp_path,
        ("conceptual", "waiting longer after every failure", "Z"),
        ("conceptual", "every piece comes back in turn", "A"),
        ("conceptual", "waiting longer after every failure", ["A"]),
    )
    assert done.added == 0
    assert [refused.reason for refused in done.refused] == [
        "unit 'Z' was not shown",
        "conceptual may use 0 word(s) of the path or the file's names, it uses: piece",
        "unit ['A'] was not shown",
    ]


def test_a_file_counts_as_one_request_that_was_answered() -> None:
    rows = [unit_row(UNITS, name) for name in ("piece0", "piece1")]
    queries = [query_record(row, f"query {row['symbol']}", prompt_version=FILE_PROMPT_VERSION) for row in rows]
    figures = ledger_status(
        pl.DataFrame(queries, schema=QUERY_SCHEMA),
        pl.DataFrame(schema=GRADE_SCHEMA),
        pl.DataFrame(schema=ASKED_SCHEMA),
    )
    assert (figures["asked"], figures["answered"]) == (1, 1)


def test_requests_about_units_keep_their_subject() -> None:
    units = three_units()
    request = next(iter(plan_queries(units, NO_QUERIES, Sampling()).requests))
    assert subject_of(request.entry) == f"unit-{request.manifest['unit_hash'][:16]}"
