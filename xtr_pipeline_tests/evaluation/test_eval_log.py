"""The append-only log of looks at the evaluation queries."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from xtr_pipeline.evaluation.eval_log import EvalLogEntry, append_entry, file_sha256, read_log
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.narrowing import Narrowing

ENTRY = EvalLogEntry(
    date="2025-03-01T10:00:00+00:00",
    model="base",
    fingerprint="f" * 64,
    spec="semantic_queries.json",
    spec_sha256="0" * 64,
    mode="semantic",
    figures={"R@10": 0.714},
    command="xtr eval --model-path base",
)


def test_entries_are_appended_and_earlier_ones_stay_byte_for_byte(tmp_path: Path):
    log = tmp_path / "eval" / "log.jsonl"
    append_entry(log, ENTRY)
    first = log.read_bytes()
    append_entry(log, replace(ENTRY, model="judged", spec_sha256=f"{'0' * 64}+{'1' * 64}"))
    assert log.read_bytes().startswith(first)
    assert [entry["model"] for entry in read_log(log)] == ["base", "judged"]
    assert read_log(log)[0]["figures"] == {"R@10": 0.714}


def test_an_absent_log_is_empty(tmp_path: Path):
    assert read_log(tmp_path / "log.jsonl") == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"date": "2025-03-01T10:00:00"}, "no time zone"),
        ({"date": "yesterday"}, "not ISO 8601"),
        ({"spec_sha256": "abc"}, "no sha256"),
        ({"spec_sha256": f"{'0' * 64}+absent"}, "no sha256"),
        ({"figures": {}}, "no figures"),
        ({"figures": {"R@10": float("nan")}}, "not JSON compliant"),
    ],
)
def test_an_entry_that_proves_nothing_is_refused_and_leaves_no_trace(tmp_path: Path, change: dict, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        append_entry(tmp_path / "log.jsonl", replace(ENTRY, **change))
    assert not (tmp_path / "log.jsonl").exists()


def test_an_entry_says_how_files_were_scored_and_which_units_were(tmp_path: Path):
    append_entry(tmp_path / "log.jsonl", replace(ENTRY, outline_weight=0.2))
    written = read_log(tmp_path / "log.jsonl")[0]
    assert written["outline_weight"] == 0.2
    shown = {name: written[f"{name}_weight"] for name in asdict(ScoreWeights())}
    assert ScoreWeights(**shown) == ScoreWeights(outline=0.2)
    assert Narrowing(**written["narrowing"]) == Narrowing()


def test_the_sha256_is_that_of_the_bytes(tmp_path: Path):
    (tmp_path / "empty").write_bytes(b"")
    assert file_sha256(tmp_path / "empty").startswith("e3b0c44298fc1c149afbf4c8996fb924")
