"""`xtr rollback`: what it says and what it leaves promoted."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from xtr_pipeline.cli.app import app
from xtr_pipeline.release.promotion import PromotionRefusedError, promote, promoted_folder
from xtr_pipeline.release.store_lock import store_lock
from xtr_pipeline_tests.release.checkpoints import PASSED, make_checkpoint


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("XTR_PROJECT", str(tmp_path))
    monkeypatch.setenv("XTR_HOME", str(folder))
    return folder


def _promote(home: Path, weights: str) -> Path:
    return promote(make_checkpoint(home.parent / weights, weights), PASSED, home, model_card="# A model\n")


def _rollback() -> Result:
    return CliRunner().invoke(app, ["rollback"])


def test_without_a_promoted_model_there_is_nothing_to_withdraw(home: Path) -> None:
    result = _rollback()
    assert result.exit_code == 1
    assert f"nothing is promoted in {home / 'promoted'}" in result.stderr


def test_the_first_promoted_model_stays_since_there_is_nothing_to_go_back_to(home: Path) -> None:
    first = _promote(home, "one")
    result = _rollback()
    assert result.exit_code == 1
    assert f"{first.name} is the first promoted checkpoint" in result.stderr
    assert promoted_folder(home) == first


def test_going_back_names_the_folder_and_the_mark_that_has_the_withdrawn_model_refused(home: Path) -> None:
    first, second = _promote(home, "one"), _promote(home, "two")
    result = _rollback()
    assert result.exit_code == 0, result.output
    assert f"promoted again: {first}" in result.stdout
    assert promoted_folder(home) == first
    mark = second / "withdrawn.json"
    assert str(mark) in result.stdout
    with pytest.raises(PromotionRefusedError, match="rolled back"):
        promote(home.parent / "two", PASSED, home, model_card="# A model\n")
    mark.unlink()
    promote(home.parent / "two", PASSED, home, model_card="# A model\n")
    assert promoted_folder(home) != first


def test_a_promotion_in_progress_is_told_and_changes_nothing(home: Path) -> None:
    _promote(home, "one")
    second = _promote(home, "two")
    with store_lock(home / "promoted"):
        result = _rollback()
    assert result.exit_code == 1
    assert "another process" in result.stderr
    assert promoted_folder(home) == second
