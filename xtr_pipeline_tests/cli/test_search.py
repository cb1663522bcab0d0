"""`xtr search` from the command line, with a stand-in for the encoder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from xtr_pipeline.cli.search import FAILED, FOUND, INTERRUPTED, NOTHING_FOUND, search
from xtr_pipeline.encoder.checkpoint import CheckpointError
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder

app = typer.Typer()
app.command()(search)


class Models:
    """Stands in for `load_from`: remembers what was asked for."""

    def __init__(self) -> None:
        self.encoder = FakeEncoder()
        self.asked: list[str] = []
        self.problem: BaseException | None = None

    def __call__(self, reference: str, _: Path) -> FakeEncoder:
        self.asked.append(reference)
        if self.problem is not None:
            raise self.problem
        return self.encoder


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Models:
    stand_in = Models()
    monkeypatch.setattr("xtr_pipeline.encoder.checkpoint.load_from", stand_in)
    monkeypatch.setenv("XTR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XTR_HOME", str(tmp_path / "home"))
    return stand_in


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "net.py").write_text('def open_socket(host):\n    """Connect to a host."""\n    return host\n')
    (root / "src" / "dates.py").write_text("\n\ndef format_day(day):\n    return str(day)\n")
    return root


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_hit_shows_path_lines_symbol_and_code(models: Models, project: Path) -> None:
    code, out, _ = run("open_socket", "--root", project, "--mode", "bm25")
    assert code == FOUND
    assert out.startswith("src/net.py:1-3  open_socket  ")
    assert "    def open_socket(host):" in out and "dates.py" not in out


def test_a_pipe_gets_long_lines_whole_and_without_padding(models: Models, project: Path) -> None:
    long = "a_long_name_" * 20
    (project / "src" / "long.py").write_text(f"class Holder:\n    def long_line(self):\n        return {long}\n")
    out = run("long_line", "--root", project, "--mode", "bm25")[1]
    assert f"        return {long}\n" in out
    assert not any(line != line.rstrip() for line in out.splitlines())


def test_keyword_search_loads_no_model_and_writes_no_cache(models: Models, project: Path, tmp_path: Path) -> None:
    assert run("open_socket", "--root", project, "--mode", "bm25")[0] == FOUND
    assert models.asked == [] and not (tmp_path / "cache").exists()


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_semantic_and_hybrid_rank_every_file(models: Models, project: Path, mode: str) -> None:
    code, out, _ = run("def format_day(day):", "--root", project, "--mode", mode, "--model-path", "base")
    assert code == FOUND
    assert out.index("src/dates.py:3-4") < out.index("src/net.py:1-3")


def test_k_limits_the_files(models: Models, project: Path) -> None:
    out = run("day", "--root", project, "--mode", "semantic", "-k", 1, "--json")[1]
    assert len(json.loads(out)["results"]) == 1


def test_json_is_one_object_with_everything_a_script_needs(models: Models, project: Path) -> None:
    report = json.loads(run("formatDay", "--root", project, "--mode", "bm25", "--json")[1])
    assert (report["query"], report["mode"], report["model"]) == ("formatDay", "bm25", None)
    result = report["results"][0]
    assert result.pop("score") > 0
    assert result == {
        "rank": 1,
        "path": "src/dates.py",
        "symbol": "format_day",
        "kind": "function",
        "language": "python",
        "start_line": 3,
        "end_line": 4,
        "code": "def format_day(day):\n    return str(day)",
    }


def test_nothing_found_is_exit_code_one_and_empty_results_in_json(models: Models, project: Path) -> None:
    code, out, err = run("quaternion", "--root", project, "--mode", "bm25", "--json")
    assert code == NOTHING_FOUND
    assert json.loads(out)["results"] == []
    assert "nothing found for 'quaternion'" in err


def test_a_second_search_encodes_nothing(models: Models, project: Path) -> None:
    run("day", "--root", project, "--mode", "semantic")
    first = len(models.encoder.encoded)
    run("host", "--root", project, "--mode", "semantic")
    assert len(models.encoder.encoded) == first > 0


def test_without_a_promoted_model_the_base_is_used_and_said(models: Models, project: Path) -> None:
    _, out, err = run("day", "--root", project, "--mode", "semantic", "--json")
    assert models.asked == ["base"] and json.loads(out)["model"] == "base"
    assert "searching with the base encoder" in err


def test_without_a_promoted_model_a_projects_own_base_is_used(
    models: Models, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "own"
    (root / "data").mkdir(parents=True)
    (root / "data" / "model.toml").write_text('base = "some/encoder"\n')
    monkeypatch.setenv("XTR_PROJECT", str(root))
    run("day", "--root", project, "--mode", "semantic")
    (root / "data" / "repos.toml").write_text("")
    err = run("day", "--root", project, "--mode", "semantic")[2]
    # a model.toml alone makes no project
    assert models.asked == ["base", "some/encoder"]
    assert "searching with the base encoder (some/encoder)" in err


def test_the_promoted_model_comes_first(models: Models, project: Path, tmp_path: Path) -> None:
    version = tmp_path / "home" / "promoted" / "versions" / "0001-abc"
    version.mkdir(parents=True)
    (tmp_path / "home" / "promoted" / "current").symlink_to("versions/0001-abc")
    out = run("day", "--root", project, "--mode", "semantic", "--json")[1]
    assert models.asked == [str(version.resolve())] and json.loads(out)["model"] == "promoted"


def test_asking_for_a_promoted_model_that_is_not_there_is_an_error(models: Models, project: Path) -> None:
    code, _, err = run("day", "--root", project, "--mode", "semantic", "--model-path", "promoted")
    assert code == FAILED and "nothing is promoted" in err and "--model-path base" in err


def test_everything_wrong_with_the_request_is_said_before_a_model_is_loaded(models: Models, tmp_path: Path) -> None:
    code, out, err = run("  ", "--root", tmp_path / "missing", "--model-path", "base", "--mode", "semantic")
    assert code == FAILED and out == "" and models.asked == []
    assert "the query is blank" in err and "missing is not a folder" in err


def test_a_folder_without_code_is_an_error(models: Models, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = run("day", "--root", tmp_path / "empty", "--mode", "bm25")
    assert code == FAILED and "nothing to search under" in err


def test_a_model_that_cannot_be_loaded_is_an_error(models: Models, project: Path) -> None:
    models.problem = CheckpointError("config.json is missing")
    code, _, err = run("day", "--root", project, "--mode", "semantic", "--model-path", "somewhere")
    assert code == FAILED and "error: config.json is missing" in err


def test_an_interrupt_says_that_the_work_is_kept(models: Models, project: Path) -> None:
    models.encoder.fail_after = 0
    code, _, err = run("day", "--root", project, "--mode", "semantic", "--model-path", "base")
    assert code == INTERRUPTED and "run the same command to go on" in err


@pytest.mark.parametrize("wrong", [("--mode", "vector"), ("-k", "0"), ("--unknown", "x")])
def test_wrong_options_are_refused(models: Models, project: Path, wrong: tuple[str, str]) -> None:
    assert run("day", "--root", project, *wrong)[0] == FAILED


def test_the_working_directory_gets_no_folder_of_ours(
    models: Models, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert run("format_day", "--mode", "bm25")[0] == FOUND
    assert sorted(entry.name for entry in project.iterdir()) == ["src"]


def test_help_explains_modes_models_and_exit_codes() -> None:
    out = " ".join(run("--help")[1].split())
    for word in ("semantic", "bm25", "hybrid", "promoted", "XTR_CACHE", "Exit codes"):
        assert word in out
