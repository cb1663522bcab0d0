"""The ledger stores valid records once, in order, and names everything that is wrong."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xtr_pipeline.judge.ledger import (
    GRADE_SCHEMA,
    QUERY_SCHEMA,
    Appended,
    LedgerError,
    append_grades,
    append_queries,
    load_grades,
    load_queries,
)
from xtr_pipeline_tests.judge.sample_units import grade_record, query_record, three_units, unit_row

UNIT = unit_row(three_units(), "fetch_with_retry")
OTHER = unit_row(three_units(), "parse_header")


def test_an_empty_ledger_gives_empty_frames_of_the_right_schema(tmp_path: Path) -> None:
    assert load_queries(tmp_path).schema == QUERY_SCHEMA
    assert load_grades(tmp_path, ["toy"]).schema == GRADE_SCHEMA
    assert load_grades(tmp_path).height == 0


def test_what_is_appended_comes_back_sorted_by_key(tmp_path: Path) -> None:
    records = [query_record(UNIT, f"query number {word}") for word in ("one", "two", "three")]
    assert append_queries(tmp_path, records) == Appended(added=3, repeated=0)
    loaded = load_queries(tmp_path, ["toy"])
    assert loaded["query_id"].to_list() == sorted(record["query_id"] for record in records)
    assert loaded["overlap"].to_list()[0] == {"path": 0.0, "names": 0.0, "body": 0.25}


def test_proposers_come_back_with_their_ranks(tmp_path: Path) -> None:
    append_grades(tmp_path, [grade_record(UNIT, "q", 5, proposed_by={"base": 7, "bm25": 2})])
    proposed = load_grades(tmp_path)["proposed_by"].to_list()[0]
    assert proposed == [{"proposer": "base", "rank": 7}, {"proposer": "bm25", "rank": 2}]


def test_a_repeated_append_changes_no_byte(tmp_path: Path) -> None:
    append_grades(tmp_path, [grade_record(UNIT, "q", 5), grade_record(OTHER, "q", 2)])
    before = (tmp_path / "grades" / "toy.jsonl").read_bytes()
    assert append_grades(tmp_path, [grade_record(OTHER, "q", 2)]) == Appended(added=0, repeated=1)
    assert (tmp_path / "grades" / "toy.jsonl").read_bytes() == before


def test_the_order_of_appends_does_not_change_the_shard(tmp_path: Path) -> None:
    records = [grade_record(UNIT, "q", 5), grade_record(OTHER, "q", 2), grade_record(OTHER, "p", 3)]
    append_grades(tmp_path / "a", records)
    for record in reversed(records):
        append_grades(tmp_path / "b", [record])
    shards = [(tmp_path / side / "grades" / "toy.jsonl").read_bytes() for side in "ab"]
    assert shards[0] == shards[1]


def test_a_paid_judgment_is_never_overwritten(tmp_path: Path) -> None:
    append_grades(tmp_path, [grade_record(UNIT, "q", 5)])
    append_grades(tmp_path, [grade_record(UNIT, "q", 1)])
    assert load_grades(tmp_path)["grade"].to_list() == [5]


@pytest.mark.parametrize("change", [{"judging": 2}, {"judge": "gpt"}, {"rubric_version": "r2"}])
def test_another_judging_judge_or_rubric_is_another_record(tmp_path: Path, change: dict[str, object]) -> None:
    append_grades(tmp_path, [grade_record(UNIT, "q", 5)])
    assert append_grades(tmp_path, [grade_record(UNIT, "q", 4, **change)]).added == 1


def test_every_repo_has_its_own_shard(tmp_path: Path) -> None:
    elsewhere = unit_row(three_units("other-repo"), "parse_header")
    append_queries(tmp_path, [query_record(UNIT), query_record(elsewhere)])
    assert sorted(path.name for path in (tmp_path / "queries").iterdir()) == ["other-repo.jsonl", "toy.jsonl"]
    assert load_queries(tmp_path, ["other-repo"]).height == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"grade": 6}, "grade is 6"),
        ({"grade": 4.5}, "grade is 4.5"),
        ({"grade": True}, "grade is True"),
        ({"reason": "  "}, "reason is empty"),
        ({"reason": "two\nlines"}, "reason must be one line"),
        ({"reason": "x" * 401}, "401 characters"),
        ({"unit_hash": "abc"}, "unit_hash 'abc' is malformed"),
        ({"start_line": 9, "end_line": 3}, "span 9-3"),
        ({"repo": "../up"}, "repo '../up' is malformed"),
        ({"judging": 3}, "judging is 3"),
        ({"expected_grade": 7.0}, "expected_grade is 7.0"),
        ({"date": "yesterday"}, "date 'yesterday'"),
        ({"position": 0}, "position is 0"),
        ({"proposed_by": {"bm25": 0}}, "proposed_by must map"),
        ({"body": "def f(): ..."}, "field body is not known"),
    ],
)
def test_an_invalid_grade_is_refused(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    with pytest.raises(LedgerError, match="nothing was written") as caught:
        append_grades(tmp_path, [grade_record(UNIT, "q", 5), {**grade_record(OTHER, "q", 3), **change}])
    assert complaint in str(caught.value)
    assert load_grades(tmp_path).height == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kind": "poem"}, "kind is 'poem'"),
        ({"query": " padded "}, "query must be one line"),
        ({"query_id": "0" * 16}, "is not the hash of its repo and query"),
        ({"overlap": {"path": 0.0}}, "overlap must hold exactly"),
        ({"overlap": {"path": 0.0, "names": 2.0, "body": 0.0}}, "overlap holds shares"),
        ({"writer": "two words"}, "writer 'two words'"),
    ],
)
def test_an_invalid_query_is_refused(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    with pytest.raises(LedgerError) as caught:
        append_queries(tmp_path, [{**query_record(UNIT), **change}])
    assert complaint in str(caught.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    record = query_record(UNIT)
    del record["writer"]
    with pytest.raises(LedgerError, match="field writer is missing"):
        append_queries(tmp_path, [record])


def test_loading_lists_every_bad_line_with_file_and_number(tmp_path: Path) -> None:
    good, wrong_repo = grade_record(UNIT, "q", 5), grade_record(OTHER, "q", 5, repo="elsewhere")
    lines = [json.dumps(good), "<<<<<<< ours", json.dumps(wrong_repo), json.dumps(good), "[]"]
    shard = tmp_path / "grades" / "toy.jsonl"
    shard.parent.mkdir()
    shard.write_text("\n".join(lines) + "\n")
    with pytest.raises(LedgerError) as caught:
        load_grades(tmp_path)
    message = str(caught.value)
    assert "4 problem(s)" in message
    assert "toy.jsonl:2: not JSON" in message
    assert "toy.jsonl:3: repo elsewhere does not belong in this shard" in message
    assert "toy.jsonl:4: same key as line 1" in message
    assert "toy.jsonl:5: not a JSON object" in message


def test_nothing_is_appended_to_a_damaged_ledger(tmp_path: Path) -> None:
    shard = tmp_path / "grades" / "toy.jsonl"
    shard.parent.mkdir()
    shard.write_text("cut off {\n")
    with pytest.raises(LedgerError, match="nothing was written"):
        append_grades(tmp_path, [grade_record(UNIT, "q", 5)])
    assert shard.read_text() == "cut off {\n"


def test_a_line_separator_inside_a_path_ends_no_record(tmp_path: Path) -> None:
    append_grades(tmp_path, [grade_record(UNIT, "q", 5, symbol="odd\u2028name"), grade_record(OTHER, "q", 4)])
    assert sorted(load_grades(tmp_path)["grade"]) == [4, 5]


def test_imports_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    records = [query_record(UNIT, f"query number {number}") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda record: append_queries(tmp_path, [record]).added, records))
    assert sum(added) == 24
    assert load_queries(tmp_path).height == 24
