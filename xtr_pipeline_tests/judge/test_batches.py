"""Batches are written whole, never ask twice, and hold no source code where an import reads."""

import json
from pathlib import Path

import polars as pl
import pytest

from xtr_pipeline.judge.batches import BatchError, add_to_manifest, export_requests, load_manifest
from xtr_pipeline.judge.chat_body import ChatSettings
from xtr_pipeline.judge.pools import build_pool
from xtr_pipeline.judge.requests import Request, grade_requests, query_requests
from xtr_pipeline.judge.sampling import Sampling
from xtr_pipeline_tests.judge.sample_units import FETCH, query_record, three_units, unit_row

UNITS = three_units()
QUERY = query_record(unit_row(UNITS, "fetch_with_retry"))


def _query_requests() -> list[Request]:
    return list(query_requests(UNITS, UNITS, Sampling()))


def _grade_requests(judging: int = 1) -> list[Request]:
    pool = build_pool(QUERY, UNITS, {"bm25": UNITS["unit_id"].to_list()})
    return list(grade_requests(pl.DataFrame([QUERY]), pool, UNITS, judging))


def test_a_request_line_has_the_shape_of_the_batch_api(tmp_path: Path) -> None:
    exported = export_requests(_grade_requests(), tmp_path, ChatSettings(model="some-model"))
    line = json.loads(exported.files[0].read_text())
    assert set(line) == {"custom_id", "method", "url", "body"}
    assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
    assert line["body"]["model"] == "some-model"
    assert line["body"]["temperature"] == 0
    assert [message["role"] for message in line["body"]["messages"]] == ["system", "user"]
    assert line["body"]["response_format"]["json_schema"]["strict"] is True


def test_requests_are_divided_into_numbered_batches(tmp_path: Path) -> None:
    exported = export_requests(_query_requests(), tmp_path, ChatSettings(), per_batch=2)
    assert [file.name for file in exported.files] == ["batch-001.jsonl", "batch-002.jsonl"]
    assert [len(file.read_text().splitlines()) for file in exported.files] == [2, 1]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"batch-00{number}.{ending}" for number in (1, 2) for ending in ("jsonl", "md", "manifest.jsonl")
    }


def test_a_second_export_asks_nothing_again_and_numbers_on(tmp_path: Path) -> None:
    export_requests(_query_requests()[:1], tmp_path, ChatSettings())
    again = export_requests(_query_requests(), tmp_path, ChatSettings())
    assert (again.requests, again.repeated) == (2, 1)
    assert [file.name for file in again.files] == ["batch-002.jsonl"]
    assert export_requests(_query_requests(), tmp_path, ChatSettings()).files == ()


def test_the_reading_copy_holds_the_instructions_once_and_every_request(tmp_path: Path) -> None:
    requests = _query_requests()
    export_requests(requests, tmp_path, ChatSettings())
    text = (tmp_path / "batch-001.md").read_text()
    assert text.count(requests[0].system) == 1
    for request in requests:
        assert f"`{request.custom_id}`" in text
        assert request.user in text


def test_the_manifest_holds_no_source_code(tmp_path: Path) -> None:
    export_requests([*_query_requests(), *_grade_requests()], tmp_path, ChatSettings())
    text = (tmp_path / "batch-001.manifest.jsonl").read_text()
    for line in FETCH.strip().splitlines()[1:]:
        assert line.strip() not in text
    assert len(load_manifest(tmp_path)) == 4


def test_requests_that_are_asked_over_http_leave_only_a_manifest(tmp_path: Path) -> None:
    requests = _query_requests()
    add_to_manifest(requests[:2], tmp_path)
    add_to_manifest(requests, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["batch-001.manifest.jsonl", "batch-002.manifest.jsonl"]
    assert set(load_manifest(tmp_path)) == {request.custom_id for request in requests}


def test_only_grading_asks_for_log_probabilities(tmp_path: Path) -> None:
    export_requests([*_grade_requests(), *_query_requests()], tmp_path, ChatSettings(answer_tokens=900))
    bodies = [json.loads(line)["body"] for line in (tmp_path / "batch-001.jsonl").read_text().splitlines()]
    assert [body.get("logprobs", False) for body in bodies] == [True, False, False, False]
    assert {body["max_tokens"] for body in bodies} == {900}
    assert bodies[1]["temperature"] > bodies[0]["temperature"] == 0


def test_a_folder_without_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match=r"holds no batch-\*"):
        load_manifest(tmp_path)


def test_a_damaged_manifest_names_its_lines(tmp_path: Path) -> None:
    (tmp_path / "batch-001.manifest.jsonl").write_text('{"custom_id": "a"}\n{"cut\n{"other": 1}\n')
    with pytest.raises(BatchError) as caught:
        load_manifest(tmp_path)
    assert "batch-001.manifest.jsonl:2" in str(caught.value)
    assert "batch-001.manifest.jsonl:3" in str(caught.value)


def test_secrets_do_not_leave(tmp_path: Path) -> None:
    secret = "AKIA" + "IOSFODNN7EXAMPLE"
    units = UNITS.with_columns(body=pl.col("body") + f'\n    key = "{secret}"')
    exported = export_requests(query_requests(units, units, Sampling()), tmp_path, ChatSettings())
    assert exported.redacted["AWS Access Key"] >= 3
    for path in tmp_path.iterdir():
        assert secret not in path.read_text()


def test_a_first_and_a_second_judging_are_different_requests() -> None:
    assert _grade_requests(1)[0].custom_id != _grade_requests(2)[0].custom_id


def test_a_pool_that_is_answered_is_not_asked_for() -> None:
    pool = build_pool(QUERY, UNITS, {"bm25": UNITS["unit_id"].to_list()})
    answered = {(QUERY["query_id"], unit_hash) for unit_hash in pool["unit_hash"]}
    assert list(grade_requests(pl.DataFrame([QUERY]), pool, UNITS, 1, answered)) == []


def test_a_query_request_shows_the_twins_of_its_file_and_the_words_to_avoid() -> None:
    request = next(each for each in _query_requests() if "parse_header" in each.manifest["symbol"])
    assert "function fetch_with_retry" in request.user
    assert "net, client, fetch, retry, parse, header" in request.user


def test_a_longer_definition_is_shown_to_its_end() -> None:
    rows = UNITS.to_dicts()
    later = {**rows[0], "unit_id": "later", "body": "    THE END", "start_line": 11, "end_line": 11, "part": 1}
    units = pl.DataFrame([*rows, later], schema=UNITS.schema)
    request = next(iter(query_requests(units, units.head(1), Sampling())))
    assert "How its definition goes on" in request.user
    assert "THE END" in request.user
