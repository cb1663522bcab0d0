"""Answers are stored when they are sound, and kept with the reason when they are not."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from xtr_pipeline.judge.answers import Source
from xtr_pipeline.judge.batches import BatchError, export_requests, load_manifest
from xtr_pipeline.judge.chat_body import ChatSettings
from xtr_pipeline.judge.importing import ForbiddenRepoError, Imported, LabelledRepos, import_answers
from xtr_pipeline.judge.ledger import load_asked, load_grades, load_queries
from xtr_pipeline.judge.pools import build_pool
from xtr_pipeline.judge.prices import Price
from xtr_pipeline.judge.requests import grade_requests, query_requests
from xtr_pipeline.judge.sampling import Sampling
from xtr_pipeline_tests.judge.sample_units import query_record, three_units, unit_row

UNITS = three_units()
QUERY = query_record(unit_row(UNITS, "fetch_with_retry"))
GRADES = Source("grades", "claude", "2026-11-23")
QUERIES = Source("queries", "claude", "2026-11-23")
REPOS = LabelledRepos(("toy", "other"), frozenset({"click"}))
GOOD = {
    "grades": [
        {"unit": letter, "reason": "Because.", "grade": grade} for letter, grade in zip("ABC", (5, 2, 1), strict=True)
    ]
}


@pytest.fixture
def grading(tmp_path: Path) -> tuple[Path, str]:
    """A folder with one exported grading request, and its custom_id."""
    pool = build_pool(QUERY, UNITS, {"bm25": UNITS["unit_id"].to_list()})
    export_requests(grade_requests(pl.DataFrame([QUERY]), pool, UNITS, 1), tmp_path / "out", ChatSettings())
    return tmp_path / "out", next(iter(load_manifest(tmp_path / "out")))


def _import(folder: Path, source: Source, *lines: Any, dry_run: bool = False, repos: LabelledRepos = REPOS) -> Imported:
    file = folder / "batch-001.answers.jsonl"
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return import_answers([file], folder.parent / "ledger", source, repos, dry_run=dry_run)


def _output(custom_id: str, content: str, **choice: Any) -> dict[str, Any]:
    body = {"choices": [{"message": {"content": content}, **choice}]}
    return {"id": "r1", "custom_id": custom_id, "response": {"status_code": 200, "body": body}, "error": None}


def test_a_compact_line_is_stored_with_its_provenance(grading: tuple[Path, str]) -> None:
    folder, custom_id = grading
    done = _import(folder, GRADES, {"custom_id": custom_id, "content": GOOD})
    assert (done.answers, done.added, done.refused, done.unanswered) == (1, 3, (), 0)
    stored = load_grades(folder.parent / "ledger")
    shown = {unit["unit_hash"]: unit for unit in load_manifest(folder)[custom_id]["units"]}
    for row in stored.to_dicts():
        assert row["grade"] == {1: 5, 2: 2, 3: 1}[row["position"]]
        assert row["position"] == shown[row["unit_hash"]]["position"]
        assert (row["judge"], row["judging"], row["rubric_version"]) == ("claude", 1, "r1")
        assert row["date"] == "2026-11-23"
        assert "bm25" in [each["proposer"] for each in row["proposed_by"]]


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "  {}\n"])
def test_the_batch_apis_output_line_is_stored_alike(grading: tuple[Path, str], wrap: str) -> None:
    folder, custom_id = grading
    done = _import(folder, GRADES, _output(custom_id, wrap.replace("{}", json.dumps(GOOD)), finish_reason="stop"))
    assert (done.added, done.refused) == (3, ())


def test_importing_again_adds_nothing(grading: tuple[Path, str]) -> None:
    folder, custom_id = grading
    line = {"custom_id": custom_id, "content": GOOD}
    _import(folder, GRADES, line)
    assert _import(folder, GRADES, line, line).added == 0
    assert load_grades(folder.parent / "ledger").height == 3


def test_the_account_holds_every_answer_once_with_its_price(grading: tuple[Path, str]) -> None:
    folder, custom_id = grading
    bad, good = _output(custom_id, "{}", finish_reason="stop"), _output(custom_id, json.dumps(GOOD))
    for line in (bad, good):
        line["response"]["body"]["usage"] = {"prompt_tokens": 1_000, "completion_tokens": 100}
    source = Source("grades", "gpt", "2026-11-26", Price(2.0, 10.0, batch_share=0.5))
    for _ in range(2):
        _import(folder, source, bad, good)
    account = load_asked(folder.parent / "ledger")
    assert sorted(account["outcome"]) == ["answered", "quarantined"]
    assert account["money"].to_list() == [0.0015, 0.0015]
    assert account["subject"].unique().to_list() == [f"query-{QUERY['query_id']}-1"]


def test_an_answer_without_usage_has_no_price(grading: tuple[Path, str]) -> None:
    folder, custom_id = grading
    _import(folder, Source("grades", "gpt", "2026-11-26", Price(2.0, 10.0)), {"custom_id": custom_id, "content": GOOD})
    assert load_asked(folder.parent / "ledger").select("prompt_tokens", "money").row(0) == (None, None)


def test_a_dry_run_writes_nothing(grading: tuple[Path, str]) -> None:
    folder, custom_id = grading
    done = _import(folder, GRADES, {"custom_id": custom_id, "content": GOOD}, "{", dry_run=True)
    assert (done.records, done.added, len(done.refused)) == (3, 0, 1)
    assert not (folder.parent / "ledger").exists()
    assert not list(folder.glob("*quarantine*"))


def _graded(**change: Any) -> dict[str, Any]:
    grades = [dict(each) for each in GOOD["grades"]]
    grades[1].update(change)
    return {"grades": grades}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_graded(grade=6), "unit B: grade is 6"),
        (_graded(grade="4"), "unit B: grade is '4'"),
        (_graded(grade=None), "unit B: grade is None"),
        (_graded(reason=""), "unit B: reason is empty"),
        (_graded(unit="A"), "unit B has no grade; unit A is graded 2 times"),
        (_graded(unit="Z"), "unit 'Z' was not shown"),
        ({"grades": GOOD["grades"][:2]}, "unit C has no grade"),
        ({"grades": {"A": 5}}, "expected"),
        ({"answer": 5}, "expected"),
        ([1, 2], "the answer is no JSON object"),
        ('{"grades": [{"unit": "A", "gra', "the answer is not JSON"),
    ],
)
def test_a_bad_answer_is_quarantined_whole_with_its_reason(
    grading: tuple[Path, str], content: Any, reason: str
) -> None:
    folder, custom_id = grading
    done = _import(folder, GRADES, {"custom_id": custom_id, "content": content})
    assert (done.added, len(done.refused)) == (0, 1)
    kept = json.loads((folder / "batch-001.answers.quarantine.jsonl").read_text())
    assert reason in kept["reason"]
    assert kept["custom_id"] == custom_id
    assert json.loads(kept["raw"])["content"] == content


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "not JSON"),
        ('{"content": {}}', "no JSON object with a custom_id"),
        ('{"custom_id": "unknown", "content": {}}', "no manifest"),
        ('{"custom_id": "ID", "error": {"code": "x"}}', "the batch reports an error"),
        ('{"custom_id": "ID", "response": {"status_code": 429, "body": {}}}', "status 429"),
        ('{"custom_id": "ID", "response": {"status_code": 200, "body": {"choices": []}}}', "choices[0]"),
    ],
)
def test_a_bad_line_is_quarantined_with_its_place(grading: tuple[Path, str], line: str, reason: str) -> None:
    folder, custom_id = grading
    done = _import(folder, GRADES, line.replace("ID", custom_id))
    assert reason in done.refused[0].reason
    assert done.refused[0].place == "batch-001.answers.jsonl:1"


def test_an_answer_that_was_cut_is_refused_even_if_it_parses(grading: tuple[Path, str]) -> None:
    folder, custom_id = grading
    done = _import(folder, GRADES, _output(custom_id, json.dumps(GOOD), finish_reason="length"))
    assert "finish_reason is length" in done.refused[0].reason


def test_sound_answers_are_stored_beside_bad_ones_and_a_mended_file_clears_the_quarantine(
    grading: tuple[Path, str],
) -> None:
    folder, custom_id = grading
    good = {"custom_id": custom_id, "content": GOOD}
    assert _import(folder, GRADES, "broken", good).added == 3
    assert (folder / "batch-001.answers.quarantine.jsonl").exists()
    _import(folder, GRADES, good)
    assert not (folder / "batch-001.answers.quarantine.jsonl").exists()


def test_answers_to_the_other_task_are_refused(grading: tuple[Path, str]) -> None:
    folder, custom_id = grading
    done = _import(folder, QUERIES, {"custom_id": custom_id, "content": GOOD})
    assert "asked for grades, not queries" in done.refused[0].reason


def test_answers_without_a_manifest_beside_them_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(BatchError):
        import_answers([tmp_path / "x.jsonl"], tmp_path, GRADES, REPOS)


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("repos", "reason"),
    [
        (LabelledRepos(("toy",), frozenset({"toy"})), "reserved for evaluation: toy"),
        (LabelledRepos(("other",), frozenset({"click"})), "no train or dev repos of the registry: toy"),
    ],
)
def test_labels_from_a_forbidden_repo_are_refused_before_anything_is_written(
    grading: tuple[Path, str], repos: LabelledRepos, reason: str, *, dry_run: bool
) -> None:
    folder, custom_id = grading
    good = {"custom_id": custom_id, "content": GOOD}
    with pytest.raises(ForbiddenRepoError, match=reason):
        _import(folder, GRADES, "broken", good, dry_run=dry_run, repos=repos)
    assert not (folder.parent / "ledger").exists()
    assert not list(folder.glob("*.quarantine.jsonl"))


@pytest.fixture
def writing(tmp_path: Path) -> tuple[Path, str]:
    """A folder with a request for two conceptual, one question and one keyword query about fetch_with_retry."""
    sampling = Sampling(per_unit={"conceptual": 2.0, "question": 1.0, "keyword": 1.0})
    unit = UNITS.filter(pl.col("symbol") == "fetch_with_retry")
    export_requests(query_requests(UNITS, unit, sampling), tmp_path / "out", ChatSettings())
    return tmp_path / "out", next(iter(load_manifest(tmp_path / "out")))


def _queries(*queries: tuple[str, str], skip: str | None = None) -> dict[str, Any]:
    return {"queries": [{"kind": kind, "query": query} for kind, query in queries], "skip": skip}


def test_queries_are_stored_with_their_overlap(writing: tuple[Path, str]) -> None:
    folder, custom_id = writing
    content = _queries(
        ("conceptual", "waiting  longer after every failure"),
        ("question", "how long do we pause between tries when the other side is slow?"),
        ("keyword", "attempts pause timeout sleep"),
    )
    done = _import(folder, QUERIES, {"custom_id": custom_id, "content": content})
    assert (done.added, done.refused) == (3, ())
    stored = {row["kind"]: row for row in load_queries(folder.parent / "ledger").to_dicts()}
    assert stored["conceptual"]["query"] == "waiting longer after every failure"
    assert stored["conceptual"]["overlap"] == {"path": 0.0, "names": 0.0, "body": 0.0}
    assert stored["keyword"]["overlap"]["body"] == 1.0
    assert stored["keyword"]["unit_hash"] == unit_row(UNITS, "fetch_with_retry")["content_hash"]
    assert (stored["keyword"]["writer"], stored["keyword"]["prompt_version"]) == ("claude", "q1")


def test_a_query_beyond_its_limits_is_refused_alone(writing: tuple[Path, str]) -> None:
    folder, custom_id = writing
    content = _queries(
        ("conceptual", "retrying what went wrong before"),
        ("conceptual", "waiting longer after every failure"),
        ("poem", "roses are red"),
        ("keyword", "pause attempt timeout"),
        ("keyword", "pause attempts sleep"),
    )
    done = _import(folder, QUERIES, {"custom_id": custom_id, "content": content})
    assert done.added == 2
    reasons = [refused.reason for refused in done.refused]
    assert "it uses: retrying" in reasons[0]
    assert "needs a kind" in reasons[1]
    assert "more keyword queries than were asked for" in reasons[2]


@pytest.mark.parametrize("query", [["x"], 7, None, {"text": "waiting longer"}, "waiting \ud800 longer after failure"])
def test_a_query_that_is_no_text_is_refused_and_its_neighbour_stored(writing: tuple[Path, str], query: object) -> None:
    folder, custom_id = writing
    content = _queries(("conceptual", "waiting longer after every failure"))
    content["queries"].append({"kind": "conceptual", "query": query})
    done = _import(folder, QUERIES, {"custom_id": custom_id, "content": content})
    assert (done.added, len(done.refused)) == (1, 1)


@pytest.mark.parametrize("change", [{"unit": ["A"]}, {"unit": {}}, {"unit": None}, {"reason": "It \udfff does."}])
def test_a_grade_of_no_unit_or_for_no_reason_is_refused(grading: tuple[Path, str], change: dict[str, object]) -> None:
    folder, custom_id = grading
    content = {"grades": [{**GOOD["grades"][0], **change}, *GOOD["grades"][1:]]}
    done = _import(folder, GRADES, {"custom_id": custom_id, "content": content})
    assert (done.added, len(done.refused)) == (0, 1)


def test_a_declined_unit_is_counted(writing: tuple[Path, str]) -> None:
    folder, custom_id = writing
    done = _import(folder, QUERIES, {"custom_id": custom_id, "content": _queries(skip="It is boilerplate.")})
    assert (done.skipped, done.records, done.refused) == (1, 0, ())


def test_an_empty_answer_without_a_reason_is_refused(writing: tuple[Path, str]) -> None:
    folder, custom_id = writing
    done = _import(folder, QUERIES, {"custom_id": custom_id, "content": _queries()})
    assert "no reason to skip" in done.refused[0].reason
