"""What stays out of the ledger is kept for a person to look at."""

import json
from pathlib import Path

from xtr_pipeline.judge.answer_lines import Refused
from xtr_pipeline.judge.quarantine import write_quarantine


def refused(custom_id: str) -> Refused:
    return Refused("run", custom_id, "why", "{}")


def ids(path: Path) -> list[str]:
    return [json.loads(line)["custom_id"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_later_pass_leaves_what_an_earlier_one_said_of_other_requests(tmp_path: Path) -> None:
    path = tmp_path / "queries.quarantine.jsonl"
    write_quarantine(path, [refused("unit-1"), refused("unit-2")], {"unit-1", "unit-2"})
    write_quarantine(path, [], {"file-1"})
    assert ids(path) == ["unit-1", "unit-2"]
    write_quarantine(path, [refused("file-1"), refused("unit-2")], {"file-1", "unit-1", "unit-2"})
    assert ids(path) == ["file-1", "unit-2"]
    write_quarantine(path, [], {"file-1", "unit-2"})
    assert not path.exists()


def test_without_requests_nothing_stays(tmp_path: Path) -> None:
    path = tmp_path / "answers.quarantine.jsonl"
    write_quarantine(path, [refused("a")])
    write_quarantine(path, [refused("b")])
    assert ids(path) == ["b"]
    write_quarantine(path, [])
    assert not path.exists()
