"""Dagster's own commands and `xtr run` on a project, as CI and a person use them."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from typer.testing import CliRunner

from xtr_pipeline.cli.app import app
from xtr_pipeline.orchestration import profiles
from xtr_pipeline_tests.orchestration.conftest import Bench

ROOT = Path(__file__).parents[2]


def test_one_asset_of_one_repository_materialises_alone_with_its_checks(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    environ = {
        **os.environ,
        "XTR_PROJECT": bench.project.root,
        "XTR_HOME": bench.project.home,
        "DAGSTER_HOME": str(tmp_path / "events"),
    }
    command = [str(Path(sys.executable).with_name("dagster")), "asset", "materialize", "-m", "xtr_pipeline.definitions"]
    done = subprocess.run(
        [*command, "--select", "code_units", "--partition", "alpha"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "units_are_unique" in done.stderr
    assert pl.read_parquet(Path(bench.project.storage) / "code_units" / "alpha.parquet").height > 0


@pytest.fixture
def as_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The project as the environment names it."""
    monkeypatch.setenv("XTR_PROJECT", bench.project.root)
    monkeypatch.setenv("XTR_HOME", bench.project.home)
    # a profile other than `full` has a folder of its own; here the small one stands in for `full`
    monkeypatch.setitem(profiles.PROFILES, "full", profiles.PROFILES["small"])
    return bench


def test_an_ablation_trains_what_the_main_job_has_not_and_nothing_else(
    as_environment: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = as_environment.project.settings()
    small = {name: settings.recipe(name) for name in ("docstring", "judged")}
    monkeypatch.setattr("xtr_pipeline.ablation.arms.RECIPES", small)
    monkeypatch.setattr("xtr_pipeline.ablation.measuring.RECIPES", small)
    assert as_environment.driver().run().failed == {}
    own = Path(as_environment.project.home) / "ablation"
    seed = str(small["judged"].seed)
    first = CliRunner().invoke(app, ["ablate", "judged", "docstring", "--seeds", seed])
    assert first.exit_code == 0, first.output
    assert not list(own.glob("*/model"))
    # other dev labels: the checkpoint was chosen on the old ones
    path = Path(as_environment.project.storage) / "dev_set.parquet"
    pl.read_parquet(path)[1:].write_parquet(path)
    second = CliRunner().invoke(app, ["ablate", "judged", "--seeds", seed])
    assert second.exit_code == 0, second.output
    assert len(list(own.glob("*/model"))) == 1


def test_xtr_run_ends_with_the_table_and_the_verdict_and_then_has_nothing_to_do(as_environment: Bench) -> None:
    first = CliRunner().invoke(app, ["run"])
    assert first.exit_code == 0, first.output
    for words in ("Retrieval of files", "bm25", "docstring", "judged", "gate: ", "promoted checkpoint: "):
        assert words in first.output
    second = CliRunner().invoke(app, ["run"])
    assert second.exit_code == 0
    assert "nothing changed: all 34 asset partitions are up to date" in second.output
    assert "nothing is due" in CliRunner().invoke(app, ["run", "--plan"]).output


def test_a_failure_is_named_and_gives_exit_code_1(as_environment: Bench) -> None:
    registry = as_environment.project.files.registry
    registry.write_text(registry.read_text().replace("../code/beta", "../code/nowhere"))
    done = CliRunner().invoke(app, ["run"])
    assert done.exit_code == 1
    assert "failed corpus [beta]" in done.output


def test_bad_input_gives_exit_code_2_with_the_cure(as_environment: Bench) -> None:
    assert CliRunner().invoke(app, ["run", "--profile", "enormous"]).exit_code == 2
    as_environment.project.files.registry.write_text('[[repo]]\nname = "forbidden"\nrole = "train"\n')
    done = CliRunner().invoke(app, ["run"])
    assert done.exit_code == 2
    assert "repos.toml" in done.output


def test_the_web_ui_command_explains_itself() -> None:
    assert "lineage graph" in CliRunner().invoke(app, ["ui", "--help"]).output


def test_definitions_load_for_this_checkout() -> None:
    from xtr_pipeline.definitions import defs

    assert isinstance(defs, dg.Definitions)
