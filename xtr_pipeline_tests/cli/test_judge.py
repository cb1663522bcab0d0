"""`xtr judge` from export to status over a small project of its own."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from xtr_pipeline.cli.judge import judge_app
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline_tests.judge.asking.judge_server import asked_query, graded, running
from xtr_pipeline_tests.judge.sample_units import CLEAN, FETCH, PARSE

CHECKPOINTS = Path(__file__).parents[1] / "encoder" / "fixtures"


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
    assert _xtr("export", "queries", "--out", out).exit_code == 0
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
    what = {1: "grades", 2: "second"}[judging]
    exported = _xtr("export", what, "--out", out, "--proposers", "bm25", "--share", 0.4)
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
    # three units and three pools, some of them judged twice; nothing was paid for
    assert figures["asked"] == figures["answered"] == 6 + 1
    assert (figures["quarantined"], figures["money"]) == (0, 0.0)


def test_agreement_is_shown_by_kind_and_repo(project: Path) -> None:
    _written(project)
    assert _graded(project, 1).exit_code == 0
    assert _graded(project, 2).exit_code == 0
    result = _xtr("agree", "--json", project / "agree.json")
    assert result.exit_code == 0, result.output
    tables = json.loads((project / "agree.json").read_text())
    assert [row["of"] for row in tables["agreement"]] == ["all", "conceptual", "toy"]
    assert tables["agreement"][0]["pairs"] >= 1
    assert {row["shift"] for row in tables["second judging by first grade"]} == {0.0}


def test_a_dry_run_shows_exactly_what_an_export_would_send_and_writes_nothing(project: Path) -> None:
    (project / "toy" / "client.py").write_text(f'KEY = "AKIA{"IOSFODNN7"}EXAMPLE"\n{FETCH}')
    before = sorted(project.rglob("*"))
    shown = _xtr("export", "queries", "--dry-run")
    assert shown.exit_code == 0, shown.output
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [path for path in sorted(project.rglob("*")) if path not in before and "home" not in path.parts] == []
    assert _xtr("export", "queries", "--out", project / "out").exit_code == 0
    written = [json.loads(line) for line in (project / "out" / "batch-001.jsonl").read_text().splitlines()]
    assert lines == written
    assert "AKIA" not in shown.stdout
    assert "requests, nothing was written" in shown.stderr


def test_an_export_to_nowhere_says_what_to_give(project: Path) -> None:
    result = _xtr("export")
    assert result.exit_code == 2
    assert "--out DIR" in result.output


def test_a_judge_over_http_labels_a_repo_from_nothing_to_a_second_judging(project: Path) -> None:
    texts = iter(("waiting longer after every failure", "forgetting what went stale", "both halves around a colon"))

    def script(_: int, body: dict) -> str:
        if asked_query(body):
            return graded(body)
        return json.dumps({"queries": [{"kind": "conceptual", "query": next(texts)}], "skip": None})

    with running(script) as server:
        options = (
            "--base-url",
            server.base_url,
            "--model",
            "tiny",
            "--proposers",
            "bm25",
            "--in-flight",
            2,
            "--share",
            0.4,
        )
        first = _xtr("run", *options)
        assert first.exit_code == 0, first.output
        asked = server.asked.total()
        again = _xtr("run", *options)
        assert (again.exit_code, server.asked.total()) == (0, asked)
    _xtr("status", "--json", project / "status.json")
    figures = json.loads((project / "status.json").read_text())
    assert (figures["queries"], figures["graded_queries"]) == (3, 3)
    assert figures["judges"] == {"tiny": figures["pairs"] + figures["judged_twice"]}
    assert figures["judged_twice"] >= 1
    assert "3 of 3 requests answered" in first.output


def test_a_run_that_leaves_something_says_so_to_ci(project: Path) -> None:
    with running(lambda *_: {"status": 401, "body": "{}"}) as server:
        result = _xtr("run", "queries", "--base-url", server.base_url)
    assert result.exit_code == 2
    assert "OPENAI_API_KEY" in result.output
    result = _xtr("run", "queries", "--base-url", server.base_url, "--tokens", 10)
    assert result.exit_code == 1
    assert "stopped: budget" in result.output


def test_without_a_price_money_is_no_limit_where_tokens_are_one(project: Path) -> None:
    (project / "data" / "judge.toml").write_text("[budget]\nmoney = 5.0\n")
    refused = _xtr("run", "queries", "--model", "own")
    assert (refused.exit_code, "needs the model's price" in refused.output) == (2, True)
    assert "toy" not in refused.output  # told before anything is cut
    with running(lambda _, __: json.dumps({"queries": [], "skip": "Nothing."})) as server:
        asked = _xtr("run", "queries", "--model", "own", "--base-url", server.base_url, "--tokens", 900_000)
    assert asked.exit_code == 0, asked.output
    assert "no price of own: 900,000 tokens are the only limit" in asked.output
    refused = _xtr("run", "queries", "--model", "own", "--tokens", 900_000, "--money", 1)
    assert refused.exit_code == 2


def test_settings_that_cannot_be_used_are_told(project: Path) -> None:
    assert _xtr("run", "--base-url", "ftp://somewhere").exit_code == 2
    (project / "data" / "judge.toml").write_text("[endpoint]\nin_flight = 0\n")
    result = _xtr("run")
    assert result.exit_code == 2
    assert "in_flight is 0" in result.output


def test_an_export_asks_only_for_what_is_missing(project: Path) -> None:
    _written(project)
    again = _xtr("export", "queries", "--out", project / "elsewhere")
    assert "0 requests" in again.output
    assert _graded(project, 1).exit_code == 0
    assert "0 requests" in _xtr("export", "grades", "--out", project / "more", "--proposers", "bm25").output


def test_a_checkpoint_that_proposes_is_named_by_its_fingerprint_wherever_it_lies(project: Path) -> None:
    _written(project)
    names = ("tiny_bert", "tiny_mpnet")
    folders = [shutil.copytree(CHECKPOINTS / name, project / name / "model") for name in names]
    out = project / "grades"
    proposers = ",".join(str(folder) for folder in folders)
    exported = _xtr("export", "grades", "--out", out, "--proposers", proposers)
    assert exported.exit_code == 0, exported.output
    named = {name for entry in _manifest(out) for unit in entry["units"] for name in unit["proposed_by"]}
    assert named == {"source", *(load_encoder(CHECKPOINTS / name).fingerprint[:16] for name in names)}


def test_grades_can_be_wanted_for_the_queries_of_some_prompts_alone(project: Path) -> None:
    _written(project)
    for prompts, wanted in (("q1", 3), ("f1,q1", 3), ("a1", 0)):
        result = _xtr("export", "grades", "--dry-run", "--proposers", "bm25", "--prompts", prompts)
        assert f"{wanted} requests, nothing was written" in result.output
    for what, prompts, reason in (
        ("grades", "a1,q9", "no prompts for queries: q9; there are q1, f1, a1"),
        ("areas", "q1", "--prompts chooses queries that are graded: ask for grades, deeper or second, not areas"),
    ):
        refused = _xtr("export", what, "--dry-run", "--prompts", prompts)
        assert refused.exit_code == 2
        assert reason in refused.output


def test_a_choice_of_prompts_is_refused_before_anything_is_asked(project: Path) -> None:
    (project / "data" / "judge.toml").write_text('[endpoint]\nmodel = "tiny"\n')
    with running(lambda _, __: json.dumps({"queries": [], "skip": "Nothing."})) as server:
        for prompts in ("q9", "q1"):
            assert _xtr("run", "--prompts", prompts, "--base-url", server.base_url).exit_code == 2
        assert server.asked.total() == 0


def test_areas_are_asked_about_once_in_each_repo(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtr_pipeline.judge.file_requests.LEAST_LINES", 1)
    out = project / "areas"
    assert "1 requests in 1 batches" in _xtr("export", "areas", "--out", out).output
    entry = _manifest(out)[0]
    assert sorted(entry["paths"]) == ["cache.py", "client.py", "header.py"]
    # what the folder holds is not asked again, and of another repo with the same paths it is no reason to leave it out
    assert "0 requests" in _xtr("export", "areas", "--out", out).output
    held = out / "batch-001.manifest.jsonl"
    whole = held.read_text()
    held.write_text(whole.replace('"repo": "toy"', '"repo": "other"').replace("area-toy", "area-other"))
    assert "1 requests in 1 batches" in _xtr("export", "areas", "--out", out).output
    held.write_text(whole)
    (out / "batch-002.manifest.jsonl").unlink()
    unit = next(unit["letter"] for unit in entry["units"] if unit["path"] == "client.py")
    query = {"kind": "conceptual", "query": "waiting longer after every failure", "unit": unit}
    line = {"custom_id": entry["custom_id"], "content": {"queries": [query], "skip": None}}
    done = _xtr("import", _answer(out, [line]), "--kind", "queries", "--judge", "claude", "--date", "2026-11-26")
    assert done.exit_code == 0, done.output
    assert "0 requests" in _xtr("export", "areas", "--out", project / "elsewhere").output
    assert "3 requests" in _xtr("export", "files", "--out", project / "files").output


def test_files_are_asked_about_as_a_whole_once_in_each_repo(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtr_pipeline.judge.file_requests.LEAST_LINES", 1)
    out = project / "files"
    # what the folder holds of another repo with the same path is no reason to leave a file out
    assert _xtr("export", "files", "--out", out).exit_code == 0
    entries = _manifest(out)
    assert sorted(entry["path"] for entry in entries) == ["cache.py", "client.py", "header.py"]
    held = out / "batch-001.manifest.jsonl"
    held.write_text(held.read_text().replace('"repo": "toy"', '"repo": "other"').replace("file-toy", "file-other"))
    assert "3 requests in 1 batches" in _xtr("export", "files", "--out", out).output
    texts = {"client": "waiting longer after every failure", "cache": "forgetting what went stale"}
    contents = {
        name: {"queries": [{"kind": "conceptual", "query": text, "unit": "A"}], "skip": None}
        for name, text in texts.items()
    } | {"header": {"queries": [], "skip": "Nobody searches for that."}}
    lines = [{"custom_id": entry["custom_id"], "content": contents[Path(entry["path"]).stem]} for entry in entries]
    held.write_text(held.read_text().replace('"repo": "other"', '"repo": "toy"').replace("file-other", "file-toy"))
    done = _xtr("import", _answer(out, lines), "--kind", "queries", "--judge", "claude", "--date", "2026-11-26")
    assert done.exit_code == 0, done.output
    # neither what has queries nor what was declined is asked again
    assert "0 requests" in _xtr("export", "files", "--out", project / "elsewhere").output


def test_all_asks_for_files_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtr_pipeline.judge.file_requests.LEAST_LINES", 1)
    (project / "data" / "judge.toml").write_text('[endpoint]\nmodel = "tiny"\n')
    with running(lambda _, __: json.dumps({"queries": [], "skip": "Nothing."})) as server:
        result = _xtr("run", "--base-url", server.base_url)
    assert "files: 3 of 3 requests answered" in result.output
    assert "areas: 1 of 1 requests answered" in result.output


def test_a_refused_answer_is_an_exit_code_that_ci_sees(project: Path) -> None:
    _written(project)
    result = _graded(project, 1, grade=9)
    assert result.exit_code == 1
    assert "grade is 9" in result.output


def test_an_eval_repo_cannot_be_labelled(project: Path) -> None:
    result = _xtr("export", "queries", "--out", project / "out", "--repos", "measured")
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
