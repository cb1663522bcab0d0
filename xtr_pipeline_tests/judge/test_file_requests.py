"""Queries about whole files: which files are asked about, what is shown, and how answers are stored."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.answers import Source
from xtr_pipeline.judge.asked_records import asked_record, file_subject, subject_of
from xtr_pipeline.judge.batches import export_requests
from xtr_pipeline.judge.campaign import FilesPlan, declined_requests, plan_file_queries, plan_queries
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
    assert sorted(sample_files(UNITS, seed=1)) == ["net/big.py", "net/mid.py"]
    assert sample_files(UNITS, seed=1, taken={"net/mid.py"}) == ["net/big.py"]
    orders = {tuple(sample_files(UNITS, seed)) for seed in range(20)}
    assert orders == {("net/big.py", "net/mid.py"), ("net/mid.py", "net/big.py")}


@pytest.mark.parametrize(("lines", "drawn"), [(24, []), (25, ["f.py"])])
def test_a_file_is_substantial_from_25_statement_lines_on(lines: int, drawn: list[str]) -> None:
    body = "def f():\n" + "\n".join(f"    step_{number}()" for number in range(lines - 1))
    assert sample_files(units_frame([code_unit("f.py", "f", body)], "toy", "1.0"), seed=1) == drawn


def test_a_request_shows_the_files_outline_and_its_main_units() -> None:
    request = next(iter(file_requests(UNITS, ["net/big.py"])))
    assert [unit["letter"] for unit in request.manifest["units"]] == list("ABCDEFGH")[:SHOWN_UNITS]
    places = [unit["start_line"] for unit in request.manifest["units"]]
    assert places == sorted(places)
    assert all(f"job{number:02d}" in request.user for number in range(10))
    assert "The file: net/big.py" in request.user
    assert "Write: 2 conceptual, 1 question." in request.user
    assert request.manifest["prompt_version"] == FILE_PROMPT_VERSION in FILE_PROMPT_VERSIONS


def test_the_units_that_are_shown_are_the_largest() -> None:
    small = "def small():\n" + "    step()\n" * 6
    units = pl.concat([UNITS, units_frame([code_unit("net/big.py", "small", small, start=900)], "toy", "1.0")])
    request = next(iter(file_requests(units, ["net/big.py"])))
    assert "small" not in {unit["symbol"] for unit in request.manifest["units"]}
    assert "900-907 function small" in request.user


def test_secrets_are_taken_out_and_control_characters_do_not_reach_the_outline() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLF"
    documented = code_unit("f.py", "f\u2028[END", f'def f():\n    key = "{key}"\n' + FETCH, docstring="Do.\u202eevil")
    request = next(iter(file_requests(units_frame([documented], "toy", "1.0"), ["f.py"])))
    assert key not in request.user
    assert sum(request.redacted.values()) == 1
    assert not {"\u2028", "\u202e"} & set(request.user)


def test_a_file_that_was_rewritten_is_another_question() -> None:
    more = units_frame([code_unit("net/mid.py", "added", "# first\n" + FETCH, start=200)], "toy", "2.0")
    before, after = (next(iter(file_requests(units, ["net/mid.py"]))) for units in (UNITS, pl.concat([UNITS, more])))
    assert before.custom_id != after.custom_id
    assert subject_of(before.entry) == subject_of(after.entry)


def _paths(queries: pl.DataFrame, limit: int = 9, **left_out: set[str]) -> set[str]:
    return {
        request.manifest["path"]
        for request in plan_file_queries(UNITS, queries, FilesPlan(limit, 1, **left_out)).requests
    }


def test_a_file_is_asked_about_once_whatever_was_asked_about_its_units() -> None:
    row = unit_row(UNITS, "job00")
    about_unit = pl.DataFrame([query_record(row)], schema=QUERY_SCHEMA)
    about_file = pl.DataFrame([query_record(row, prompt_version=FILE_PROMPT_VERSION)], schema=QUERY_SCHEMA)
    assert _paths(about_unit) == {"net/big.py", "net/mid.py"}
    assert _paths(about_file) == {"net/mid.py"}
    assert _paths(NO_QUERIES, taken={"net/big.py"}) == {"net/mid.py"}
    symbols = [
        {each.manifest["symbol"] for each in plan_queries(UNITS, known, Sampling()).requests}
        for known in (about_file, about_unit)
    ]
    assert ["job00" in names for names in symbols] == [True, False]


def test_what_a_judge_declined_is_not_asked_again_and_takes_no_place() -> None:
    declined = {next(iter(file_requests(UNITS, ["net/big.py"]))).custom_id}
    assert _paths(NO_QUERIES, limit=1, declined=declined) == {"net/mid.py"}
    unit = next(each for each in plan_queries(UNITS, NO_QUERIES, Sampling()).requests)
    left = plan_queries(UNITS, NO_QUERIES, Sampling(), declined={unit.custom_id}).requests
    assert unit.custom_id not in {request.custom_id for request in left}
    record = asked_record(unit.custom_id, unit.entry, "no", "declined", judge="claude", date="2026-11-26")
    answered = asked_record("other", unit.entry, "yes", "answered", judge="claude", date="2026-11-26")
    assert declined_requests(pl.DataFrame([record, answered], schema=ASKED_SCHEMA)) == {unit.custom_id}


def _answered(tmp_path: Path, *queries: tuple[str, str, Any]) -> tuple[Any, Path]:
    out, ledger = tmp_path / "out", tmp_path / "ledger"
    tmp_path.mkdir(exist_ok=True)
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
    # of "happens", "things", "date", "over" and "look" nothing stands in piece1, "old" and "entries" would
    assert stored["question"]["overlap"] == {"path": 0.0, "names": 0.0, "body": 0.0}
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


def test_a_query_is_held_against_the_words_of_the_unit_that_it_names(tmp_path: Path) -> None:
    # these words are in FETCH, which is piece0, and not in CLEAN, which is piece1
    query = "pause after every timeout"
    refused, _ = _answered(tmp_path / "a", ("conceptual", query, "A"))
    assert [each.reason for each in refused.refused] == [
        "conceptual repeats too many of the code's own words: pause, timeout"
    ]
    stored, ledger = _answered(tmp_path / "b", ("conceptual", query, "B"))
    assert (stored.added, load_queries(ledger)["overlap"].struct.field("body").to_list()) == (1, [0.0])


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
