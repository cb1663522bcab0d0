"""Queries about areas: which files stand together, what is shown of them, and how answers are stored."""

import json
from pathlib import Path

import polars as pl
import pytest

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.answers import Source
from xtr_pipeline.judge.area_prompt import AREA_PROMPT_VERSION, AREA_PROMPT_VERSIONS
from xtr_pipeline.judge.area_requests import AREA_FILES, area_requests, sample_areas
from xtr_pipeline.judge.asked_records import area_subject, subject_of
from xtr_pipeline.judge.batches import export_requests
from xtr_pipeline.judge.campaign import FilesPlan, plan_area_queries, plan_file_queries
from xtr_pipeline.judge.chat_body import ChatSettings
from xtr_pipeline.judge.file_prompt import FILE_PROMPT_VERSION
from xtr_pipeline.judge.importing import Imported, LabelledRepos, import_answers
from xtr_pipeline.judge.ledger import ASKED_SCHEMA, GRADE_SCHEMA, QUERY_SCHEMA, load_asked, load_queries
from xtr_pipeline.judge.status import ledger_status
from xtr_pipeline.judge.words import stem
from xtr_pipeline_tests.judge.sample_units import CLEAN, FETCH, PARSE, code_unit, query_record, unit_row

BODIES = [FETCH, CLEAN, PARSE]


def _units(files: int, per_file: int = 4) -> pl.DataFrame:
    """Files net/f00.py ... of a few units each, and one that is too small to be asked about."""
    units = [
        code_unit(
            f"net/f{file:02d}.py",
            f"job{file:02d}n{number}",
            f"# {file} {number}\n{BODIES[number % 3]}",
            20 * number + 1,
        )
        for file in range(files)
        for number in range(per_file)
    ]
    return units_frame([*units, code_unit("net/small.py", "alone", FETCH + "# alone\n")], "toy", "1.0")


UNITS = _units(10)
AREA = tuple(f"net/f{file:02d}.py" for file in range(5))
NO_QUERIES = pl.DataFrame(schema=QUERY_SCHEMA)


@pytest.mark.parametrize(("files", "sizes"), [(0, []), (1, [1]), (8, [8]), (9, [4, 5]), (20, [6, 7, 7])])
def test_every_substantial_file_is_in_one_area_with_its_neighbours(files: int, sizes: list[int]) -> None:
    areas = sorted(sample_areas(_units(files), seed=1))
    assert sorted(len(area) for area in areas) == sizes
    assert max(sizes, default=0) <= AREA_FILES
    assert [path for area in areas for path in area] == [f"net/f{file:02d}.py" for file in range(files)]


def test_areas_come_in_an_order_of_the_seed() -> None:
    assert {sample_areas(UNITS, seed)[0] for seed in range(20)} == {AREA, tuple(f"net/f0{n}.py" for n in range(5, 10))}


def test_areas_lie_between_files_that_are_taken_and_of_three_files_at_least() -> None:
    taken = {f"net/f{number:02d}.py" for number in (2, 6, 8)}
    assert sample_areas(UNITS, seed=1, taken=taken) == [("net/f03.py", "net/f04.py", "net/f05.py")]
    assert sample_areas(_units(2), seed=1) == [("net/f00.py", "net/f01.py")]


def test_a_file_that_is_added_puts_no_other_out_of_reach() -> None:
    asked = {path for area in sample_areas(_units(40), seed=1)[:2] for path in area}
    added = units_frame(
        [code_unit("net/f00a.py", f"new{number}", f"# new {number}\n{FETCH}", 20 * number + 1) for number in range(4)],
        "toy",
        "2.0",
    )
    left = {path for area in sample_areas(pl.concat([_units(40), added]), seed=1, taken=asked) for path in area}
    assert left >= {f"net/f{number:02d}.py" for number in range(40)} - asked


def test_a_request_shows_the_projects_files_and_what_the_areas_files_define() -> None:
    request = next(iter(area_requests(UNITS, [AREA])))
    assert request.user.startswith("Write: 5 conceptual, 3 question.")
    assert "net/small.py" in request.user
    assert "File E: net/f04.py" in request.user
    assert "Unit E4: function job04n3 in net/f04.py" in request.user
    assert "41-" in request.user
    assert "where file B answers: net, drop, old, entries, fetch, retry, job, parse, header" in request.user
    letters = [unit["letter"] for unit in request.manifest["units"]]
    assert letters == [f"{file}{number}" for file in "ABCDE" for number in range(1, 5)]
    assert request.manifest["prompt_version"] == AREA_PROMPT_VERSION in AREA_PROMPT_VERSIONS
    assert request.manifest["paths"] == list(AREA)
    assert not any(line in json.dumps(request.manifest) for line in FETCH.splitlines() if len(line) > 20)


def test_secrets_are_taken_out_and_control_characters_do_not_reach_the_outline() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLF"
    body = f'def f():\n    key = "{key}"\n' + FETCH + "\n".join(f"    step_{number}()" for number in range(20))
    documented = code_unit("f.py", "f\u2028[END", body, docstring="Do.\u202eevil")
    request = next(iter(area_requests(units_frame([documented], "toy", "1.0"), [("f.py",)])))
    assert key not in request.user
    assert sum(request.redacted.values()) == 1
    assert not {"\u2028", "\u202e"} & set(request.user)


def test_the_units_that_are_shown_are_in_the_outline_and_what_is_not_listed_is_told() -> None:
    small = [
        code_unit("net/f00.py", f"small{number}", "def small():\n    step()\n", 9 * number + 900)
        for number in range(50)
    ]
    last = code_unit("net/f00.py", "last", "# last\n" + FETCH, 2000)
    many = [code_unit(f"lib/l{number:03d}.py", "f", "def f():\n    step()\n") for number in range(200)]
    units = pl.concat([UNITS, units_frame([*small, last, *many], "toy", "1.0")])
    request = next(iter(area_requests(units, [AREA])))
    outline = request.user.partition("[BEGIN OUTLINE A")[2].partition("[END")[0]
    assert " function last" in outline
    assert "[... 15 more not listed]" in outline
    assert outline.count(" function ") == 40
    files = request.user.partition("[BEGIN FILES")[2].partition("[END")[0]
    assert "[... 61 more not listed]" in files
    assert all(path in files for path in AREA)


def test_every_word_that_a_query_is_held_against_is_told() -> None:
    names = [
        code_unit("net/f00.py", f"name_{a}{b}x", "def g():\n    step()\n", 900) for a in "bcdfghjklm" for b in "aeiouy"
    ]
    request = next(iter(area_requests(pl.concat([UNITS, units_frame(names, "toy", "1.0")]), [AREA])))
    told = request.user.partition("where file A answers: ")[2].partition("\n")[0].split(", ")
    assert {stem(word) for word in told} >= set(request.manifest["files"]["A"]["names"])


def test_an_area_whose_code_changed_is_another_question_about_the_same_files() -> None:
    more = units_frame([code_unit("net/f01.py", "added", "# first\n" + FETCH, start=200)], "toy", "2.0")
    before, after = (next(iter(area_requests(units, [AREA]))) for units in (UNITS, pl.concat([UNITS, more])))
    assert before.custom_id != after.custom_id
    assert subject_of(before.entry) == subject_of(after.entry) == area_subject("toy", AREA)


def test_the_same_code_in_other_files_or_under_other_letters_is_another_question() -> None:
    code = [(number, f"# {number}\n{BODIES[number % 3]}") for number in range(4)]

    def asked(*paths: str) -> str:
        rows = [code_unit(path, f"job{n}", body, 20 * n + 1) for path, (n, body) in zip(paths, code, strict=True)]
        area = tuple(sorted(set(paths)))
        return next(iter(area_requests(units_frame(rows, "toy", "1.0"), [area]))).custom_id

    ids = [
        asked("a.py", "b.py", "b.py", "b.py"),
        asked("a.py", "a.py", "b.py", "b.py"),
        asked("c.py", "d.py", "d.py", "d.py"),
    ]
    assert len(set(ids)) == 3


def _asked(queries: pl.DataFrame, limit: int = 99, **left_out: set[str]) -> set[str]:
    requests = plan_area_queries(UNITS, queries, FilesPlan(limit, 1, **left_out)).requests
    return {path for request in requests for path in request.manifest["paths"]}


def test_an_area_is_asked_about_once_and_apart_from_its_files() -> None:
    row = unit_row(UNITS, "job02n0")
    by_file, by_area = (
        pl.DataFrame([query_record(row, prompt_version=version)], schema=QUERY_SCHEMA)
        for version in (FILE_PROMPT_VERSION, AREA_PROMPT_VERSION)
    )
    assert len(_asked(by_file)) == 10
    # of what stands around the file that has a query, f00 and f01 are too few
    assert _asked(by_area) == {f"net/f0{n}.py" for n in range(3, 10)} == _asked(NO_QUERIES, taken={"net/f02.py"})
    files = [
        {each.manifest["path"] for each in plan_file_queries(UNITS, known, FilesPlan(99, 1)).requests}
        for known in (by_file, by_area)
    ]
    assert ["net/f02.py" in paths for paths in files] == [False, True]


@pytest.mark.parametrize(("limit", "sizes"), [(0, []), (3, [3]), (8, [8]), (15, [8]), (16, [8, 8]), (99, [8] * 5)])
def test_as_many_areas_are_asked_about_as_have_so_many_files(limit: int, sizes: list[int]) -> None:
    requests = plan_area_queries(_units(40), NO_QUERIES, FilesPlan(limit, 1)).requests
    assert [len(request.manifest["paths"]) for request in requests] == sizes


def test_what_a_judge_declined_is_not_asked_again() -> None:
    declined = {next(iter(area_requests(UNITS, [AREA]))).custom_id}
    assert _asked(NO_QUERIES, limit=8, declined=declined) == {f"net/f0{n}.py" for n in range(5, 10)}


def _answered(tmp_path: Path, *queries: tuple[str, str, str], units: pl.DataFrame = UNITS) -> tuple[Imported, Path]:
    out, ledger = tmp_path / "out", tmp_path / "ledger"
    requests = list(area_requests(units, [AREA]))
    export_requests(requests, out, ChatSettings())
    content = {"queries": [{"kind": kind, "query": query, "unit": unit} for kind, query, unit in queries], "skip": None}
    answers = out / "batch-001.answers.jsonl"
    answers.write_text(json.dumps({"custom_id": requests[0].custom_id, "content": content}) + "\n", encoding="utf-8")
    source = Source("queries", "claude", "2026-11-26")
    return import_answers([answers], ledger, source, LabelledRepos(("toy",), frozenset())), ledger


def test_a_query_is_stored_with_the_unit_that_its_writer_named_and_may_share_the_codes_words(tmp_path: Path) -> None:
    # pause and timeout are in FETCH, which is A1: of a query about a unit or a file, half of them at most
    done, ledger = _answered(tmp_path, ("conceptual", "pause after every timeout", "A1"))
    assert (done.added, done.refused) == (1, ())
    stored = load_queries(ledger).row(0, named=True)
    assert (stored["symbol"], stored["path"], stored["prompt_version"]) == (
        "job00n0",
        "net/f00.py",
        AREA_PROMPT_VERSION,
    )
    assert stored["unit_hash"] == unit_row(UNITS, "job00n0")["content_hash"]
    assert stored["overlap"] == {"path": 0.0, "names": 0.0, "body": 1.0}
    assert load_asked(ledger)["subject"].to_list() == [area_subject("toy", AREA)]


def test_a_query_is_held_against_the_names_of_the_file_that_answers_it_alone(tmp_path: Path) -> None:
    named = units_frame([code_unit("net/f01.py", "Ledger", "# first\n" + FETCH, start=200)], "toy", "1.0")
    done, ledger = _answered(
        tmp_path,
        ("conceptual", "adding a line to the ledger", "A1"),
        ("conceptual", "taking a line off the ledger", "B1"),
        ("conceptual", "again after a fault", "F1"),
        units=pl.concat([UNITS, named]),
    )
    assert load_queries(ledger)["query"].to_list() == ["adding a line to the ledger"]
    assert [refused.reason for refused in done.refused] == [
        "conceptual may use 0 word(s) of the path or the file's names, it uses: ledger",
        "unit 'F1' was not shown",
    ]


def test_an_area_counts_as_one_request_that_was_answered(tmp_path: Path) -> None:
    _, ledger = _answered(
        tmp_path,
        ("conceptual", "waiting longer after every failure", "A1"),
        ("conceptual", "forgetting what is stale", "B2"),
    )
    figures = ledger_status(load_queries(ledger), pl.DataFrame(schema=GRADE_SCHEMA), load_asked(ledger))
    assert (figures["asked"], figures["answered"], figures["files"], figures["files_in_areas"]) == (1, 1, 0, 2)
    without_account = ledger_status(
        load_queries(ledger), pl.DataFrame(schema=GRADE_SCHEMA), pl.DataFrame(schema=ASKED_SCHEMA)
    )
    assert without_account["answered"] == 0
