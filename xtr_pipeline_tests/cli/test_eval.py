"""`xtr eval` as a person and as CI call it."""

import hashlib
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from xtr_pipeline.cli import eval as eval_module
from xtr_pipeline.cli.eval import eval_command
from xtr_pipeline.evaluation.eval_log import read_log
from xtr_pipeline.release.promotion import promote
from xtr_pipeline_tests.release.checkpoints import PASSED, make_checkpoint
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder

SPEC = [
    {"id": "1", "repo": "tool", "kind": "keyword", "query": "prune_archives", "relevant": ["pkg/prune.py"], "why": "x"},
    {"id": "2", "repo": "tool", "kind": "conceptual", "query": "zebra crossing", "relevant": ["pkg/url.py"]},
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sources/tool, spec.json, an empty project and an empty run home."""
    package = tmp_path / "sources" / "tool" / "pkg"
    package.mkdir(parents=True)
    (package / "prune.py").write_text("def prune_archives(archives):\n    return archives[:3]\n")
    (package / "url.py").write_text("def parse_url(url):\n    return url.split('/')\n")
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    (tmp_path / "project" / "eval").mkdir(parents=True)
    (tmp_path / "project" / "data").mkdir()
    (tmp_path / "project" / "eval" / "reserved.txt").write_text("celery\n")
    monkeypatch.setenv("XTR_PROJECT", str(tmp_path / "project"))
    monkeypatch.setenv("XTR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(eval_command)
    return CliRunner().invoke(app, arguments)


def evaluate(*more: str) -> Result:
    return run("--spec", "spec.json", "--source-root", "sources", "--mode", "bm25", *more)


def test_plain_folders_are_evaluated_and_the_report_has_figures_bounds_and_ranks(place: Path):
    result = evaluate("--json", "report.json")
    assert result.exit_code == 0, result.output
    assert "keyword" in result.stdout
    report = json.loads((place / "report.json").read_text())
    assert report["by_kind"]["keyword"]["R@10"] == 1
    assert report["by_kind"]["conceptual"]["R@10"] == 0
    assert report["R@10"] == report["by_repo"]["tool"]["R@10"] == 0.5
    assert report["bounds"]["R@10"]["low"] < 0.5 < report["bounds"]["R@10"]["high"]
    assert [row["first_rank"] for row in report["per_query"]] == [1, None]
    assert report["spec_sha256"] == hashlib.sha256((place / "spec.json").read_bytes()).hexdigest()
    assert (report["model"], report["mode"], report["fingerprint"]) == ("bm25", "bm25", "")


def test_verbose_shows_repos_and_missed_queries_with_the_right_file(place: Path):
    brief, verbose = evaluate(), evaluate("--verbose")
    assert "zebra crossing" not in brief.stdout
    for part in ("by repo", "missed queries: 1", "zebra crossing (2)", "not found", "pkg/url.py"):
        assert part in verbose.stdout


def test_progress_goes_to_stderr_and_figures_to_stdout(place: Path):
    result = evaluate()
    assert "cut tool: 2 units" in result.stderr
    assert "cut tool" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--spec", "nowhere.json"), "nowhere.json"),
        (("--source-root", "nowhere"), "nowhere is not a folder"),
        (("--json", "no/such/folder/report.json"), "make it first"),
        (("--mode", "psychic"), "psychic"),
        (("--mode", "semantic", "--model-path", "promoted"), "nothing is promoted"),
        (("--mode", "semantic", "--model-path", "./nowhere"), "nowhere"),
    ],
)
def test_bad_input_exits_with_2_and_names_it(place: Path, arguments: tuple[str, ...], complaint: str):
    result = evaluate(*arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr.replace("\n", "")
    assert result.stdout == ""


def test_a_missing_repo_and_a_missing_file_are_named(place: Path):
    (place / "spec.json").write_text(json.dumps([*SPEC, {**SPEC[0], "id": "3", "repo": "elsewhere"}]))
    missing_repo = evaluate()
    (place / "spec.json").write_text(json.dumps([SPEC[0], {**SPEC[1], "relevant": ["pkg/uri.py"]}]))
    missing_file = evaluate()
    assert (missing_repo.exit_code, missing_file.exit_code) == (2, 2)
    assert "elsewhere" in missing_repo.stderr
    assert "'2'" in missing_file.stderr
    assert "pkg/uri.py" in missing_file.stderr


def test_without_a_source_root_repos_come_from_the_registry(place: Path):
    (place / "project" / "data" / "repos.toml").write_text(
        f'[[repo]]\nname = "tool"\nrole = "eval"\nlicence = "MIT"\nroots = ["pkg"]\nexcludes = []\n'
        f'[repo.source]\ntype = "path"\npath = "{place / "sources" / "tool"}"\n'
    )
    result = run("--spec", "spec.json", "--mode", "bm25", "--json", "report.json")
    assert result.exit_code == 0, result.output
    assert json.loads((place / "report.json").read_text())["R@10"] == 0.5
    (place / "spec.json").write_text(json.dumps([{**SPEC[0], "repo": "elsewhere"}]))
    refused = run("--spec", "spec.json", "--mode", "bm25")
    assert refused.exit_code == 2
    assert "'elsewhere' is not in the registry" in refused.stderr


def test_no_registry_and_no_source_root_is_bad_input(place: Path):
    result = run("--spec", "spec.json", "--mode", "bm25")
    assert result.exit_code == 2
    assert "repos.toml" in result.stderr


def test_a_model_is_loaded_once_and_its_fingerprint_reported(place: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def load(reference: str, home: Path) -> FakeEncoder:
        asked.append(reference)
        return FakeEncoder()

    monkeypatch.setattr(eval_module, "_load_model", load)
    result = evaluate("--mode", "semantic", "--model-path", "base", "--json", "report.json")
    assert result.exit_code == 0, result.output
    assert asked == ["base"]
    report = json.loads((place / "report.json").read_text())
    assert (report["model"], report["fingerprint"]) == ("base", FakeEncoder().fingerprint)
    assert "encoding tool (1/1): 4/4 texts" in result.stderr
    assert "tokens/s, ETA 0:00" in result.stderr


def test_promoted_means_the_promoted_folder(place: Path):
    promote(make_checkpoint(place / "candidate"), PASSED, place / "home", model_card="# card")
    result = evaluate("--mode", "semantic", "--model-path", "promoted")
    # the hand-made folder holds no real weights: the error shows which one was opened
    assert result.exit_code == 2
    assert "home/promoted/versions/0001-" in result.stderr


def test_a_look_at_the_projects_own_spec_is_logged_under_whatever_name_it_lies(place: Path):
    log = place / "project" / "eval" / "log.jsonl"
    evaluate()
    assert not log.exists()
    (place / "project" / "eval" / "semantic_queries.json").write_bytes((place / "spec.json").read_bytes())
    evaluate()
    evaluate()
    entries = read_log(log)
    assert len(entries) == 2
    assert entries[0]["figures"]["R@10"] == 0.5
    assert entries[0]["command"] == "xtr eval --spec eval/semantic_queries.json --mode bm25"
    assert str(place) not in log.read_text()


def test_a_log_that_cannot_be_written_is_a_warning(place: Path):
    (place / "project" / "eval" / "semantic_queries.json").write_bytes((place / "spec.json").read_bytes())
    (place / "project" / "eval" / "log.jsonl").mkdir()
    result = evaluate()
    assert result.exit_code == 0
    assert "warning" in result.stderr


def test_an_interruption_exits_with_130_and_says_how_to_go_on(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(eval_module, "_load_model", lambda *_: FakeEncoder(fail_after=0))
    result = evaluate("--mode", "semantic")
    assert result.exit_code == 130
    assert "run the same command to go on" in result.stderr


def test_help_teaches_and_names_exit_codes(place: Path):
    result = run("--help")
    assert result.exit_code == 0
    for part in ("--source-root", "Exit codes", "R@10"):
        assert part in result.stdout
