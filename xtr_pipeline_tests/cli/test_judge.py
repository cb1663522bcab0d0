"""`xtr judge` from export to status over a small project of its own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from xtr_pipeline.cli.judge import judge_app
from xtr_pipeline_tests.judge.sample_units import CLEAN, FETCH, PARSE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one train repo and one eval repo, both local folders."""
    for repo in ("toy", "measured"):
        (tmp_path / repo).mkdir()
        for name, body in (("client", FETCH), ("header", PARSE), ("cache", CLEAN)):
            (tmp_path / repo / f"{name}.py").write_text(body)
    (tmp_path / "data" / "judgments").mkdir(parents=True)
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "reserved.txt").write_text("click\n")
    entries = [
        f"""
[[repo]]
name = "{name}"
role = "{role}"
source = {{ type = "path", path = "{tmp_path / name}" }}
roots = ["."]
excludes = []
licence = "MIT"
"""
        for name, role in (("toy", "train"), ("measured", "eval"))
    ]
    (tmp_path / "data" / "repos.toml").write_text("".join(entries))
    monkeypatch.setenv("XTR_PROJECT", str(tmp_path))
    monkeypatch.setenv("XTR_HOME", str(tmp_path / "home"))
    return tmp_path


def _xtr(*arguments: object) -> Result:
    return CliRunner().invoke(judge_app, [str(argument) for argument in arguments])


def _manifest(out: Path) -> list[dict]:
    return [json.loads(line) for file in out.glob("*.manifest.jsonl") for line in file.read_text().splitlines()]


def _answer(out: Path, lines: list[dict]) -> Path:
    file = out / "batch-001.answers.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def _written(project: Path) -> None:
    """Three queries about the three functions, through export and import."""
    out = project / "queries"
    assert _xtr("export-queries", "--out", out).exit_code == 0
    texts = {
        "client": "waiting longer after every failure",
        "cache": "forgetting what went stale",
        "header": "both halves around a colon",
    }
    lines = [
        {
            "custom_id": entry["custom_id"],
            "content": {"queries": [{"kind": "conceptual", "query": texts[Path(entry["path"]).stem]}], "skip": None},
        }
        for entry in _manifest(out)
    ]
    done = _xtr("import", _answer(out, lines), "--kind", "queries", "--judge", "claude", "--date", "2026-11-23")
    assert done.exit_code == 0, done.output


def _graded(project: Path, judging: int, grade: int = 5) -> Result:
    out = project / f"grades{judging}"
    exported = _xtr("export-grades", "--out", out, "--judging", judging, "--proposers", "bm25", "--share", 0.4)
    assert exported.exit_code == 0, exported.output
    lines = []
    for entry in _manifest(out):
        grades = [
            {"unit": unit["letter"], "reason": "So it is.", "grade": grade if "source" in unit["proposed_by"] else 2}
            for unit in entry["units"]
        ]
        lines.append({"custom_id": entry["custom_id"], "content": {"grades": grades}})
    return _xtr("import", _answer(out, lines), "--kind", "grades", "--judge", "claude")


def test_queries_and_two_judgings_end_up_in_the_status(project: Path) -> None:
    _written(project)
    assert _graded(project, 1).exit_code == 0
    assert _graded(project, 2).exit_code == 0
    result = _xtr("status", "--json", project / "status.json")
    assert result.exit_code == 0
    figures = json.loads((project / "status.json").read_text())
    assert (figures["queries"], figures["graded_queries"]) == (3, 3)
    assert figures["judged_twice"] >= 1
    assert figures["writers"] == {"claude": 3}
    assert "graded_queries" in result.stdout


def test_an_export_asks_only_for_what_is_missing(project: Path) -> None:
    _written(project)
    again = _xtr("export-queries", "--out", project / "elsewhere")
    assert "0 requests" in again.output
    assert _graded(project, 1).exit_code == 0
    assert "0 requests" in _xtr("export-grades", "--out", project / "more", "--proposers", "bm25").output


def test_a_refused_answer_is_an_exit_code_that_ci_sees(project: Path) -> None:
    _written(project)
    result = _graded(project, 1, grade=9)
    assert result.exit_code == 1
    assert "grade is 9" in result.output


def test_an_eval_repo_cannot_be_labelled(project: Path) -> None:
    result = _xtr("export-queries", "--out", project / "out", "--repos", "measured")
    assert result.exit_code == 2
    assert "not train or dev repos of the registry: measured" in result.output


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("data/repos.toml", 'role = "train"', 'role = "eval"', "no train or dev repos of the registry: toy"),
        ("data/repos.toml", 'name = "toy"', 'name = "renamed"', "no train or dev repos of the registry: toy"),
        ("eval/reserved.txt", "click", "toy", "reserved for evaluation"),
    ],
)
def test_answers_about_a_repo_that_must_not_be_labelled_are_not_imported(
    project: Path, file: str, old: str, new: str, reason: str
) -> None:
    _written(project)
    stored = (project / "data/judgments/queries/toy.jsonl").read_bytes()
    (project / file).write_text((project / file).read_text().replace(old, new))
    answers = project / "queries" / "batch-001.answers.jsonl"
    result = _xtr("import", answers, "--kind", "queries", "--judge", "gpt")
    assert result.exit_code == 2
    assert reason in result.output.replace("\n", "")
    assert (project / "data/judgments/queries/toy.jsonl").read_bytes() == stored


def test_a_damaged_ledger_is_told_by_file_and_line(project: Path) -> None:
    shard = project / "data" / "judgments" / "queries" / "toy.jsonl"
    shard.parent.mkdir()
    shard.write_text("{\n")
    result = _xtr("status")
    assert result.exit_code == 2
    assert "toy.jsonl:1: not JSON" in result.output.replace("\n", "")
