"""`xtr ablate` refuses bad input before anything is trained."""

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from xtr_pipeline.cli.app import app
from xtr_pipeline.evaluation.dev_probe import DEV_QUERY_SCHEMA


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XTR_HOME", str(tmp_path))
    return tmp_path


def refusal(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["ablate", *arguments])
    assert result.exit_code == 2
    return result.stderr


def test_an_unknown_arm_a_seed_that_is_none_and_a_folder_that_is_not_there_are_named(home: Path) -> None:
    assert "unknown arm 'jugded'" in refusal("jugded")
    assert "'x'" in refusal("base", "--seeds", "x")
    assert "there is no folder" in refusal("base", "--out", str(home / "absent" / "table.md"))
    assert "no such file" in refusal("base", "--spec", str(home / "absent.json"))


def test_a_base_that_is_no_checkpoint_is_named(home: Path) -> None:
    (home / "storage").mkdir()
    pl.DataFrame(schema=DEV_QUERY_SCHEMA).write_parquet(home / "storage" / "dev_set.parquet")
    assert f"{home / 'absent' / 'config.json'} is missing" in refusal("base", "--base", str(home / "absent"))


def test_without_the_sets_of_the_main_job_it_says_what_to_run() -> None:
    assert "holds no dev_set: run `xtr run` first" in refusal("base")
