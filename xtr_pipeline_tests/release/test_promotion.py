"""Promotion, rollback, and what an interruption leaves behind."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from xtr_pipeline.release import promotion
from xtr_pipeline.release.checkpoint_folder import IncompleteCheckpointError, check_complete
from xtr_pipeline.release.promotion import (
    PromotionRefusedError,
    RollbackError,
    promote,
    promoted_folder,
    promotion_record,
    rollback,
)
from xtr_pipeline.release.store_lock import StoreBusyError, store_lock
from xtr_pipeline_tests.release.checkpoints import PASSED, REFUSED, make_checkpoint

CARD = "# A model\n"


def weights(home: Path) -> str | None:
    folder = promoted_folder(home)
    return None if folder is None else (folder / "model.safetensors").read_text()


def test_nothing_is_promoted_at_first(tmp_path: Path):
    assert promoted_folder(tmp_path) is None


def test_a_promoted_checkpoint_is_complete_with_card_and_record(tmp_path: Path):
    candidate = make_checkpoint(tmp_path / "candidate")
    folder = promote(candidate, PASSED, tmp_path, model_card=CARD, model_fingerprint="abc")
    assert promoted_folder(tmp_path) == folder
    assert check_complete(folder) is None
    assert (folder / "README.md").read_text() == CARD
    record = promotion_record(folder)
    assert record["previous"] is None
    assert record["model_fingerprint"] == "abc"
    assert record["verdict"]["numbers"] == {"semantic R@10": 0.93}
    assert (tmp_path / "promoted" / "current" / "config.json").is_file()


def test_the_promoted_copy_does_not_depend_on_the_candidate(tmp_path: Path):
    blob = tmp_path / "blob"
    blob.write_text("linked weights")
    candidate = make_checkpoint(tmp_path / "candidate")
    (candidate / "model.safetensors").unlink()
    (candidate / "model.safetensors").symlink_to(blob)
    promote(candidate, PASSED, tmp_path, model_card=CARD)
    blob.unlink()
    shutil.rmtree(candidate)
    assert weights(tmp_path) == "linked weights"


def test_a_verdict_that_did_not_pass_is_refused_with_its_reasons_and_changes_nothing(tmp_path: Path):
    candidate = make_checkpoint(tmp_path / "candidate")
    with pytest.raises(PromotionRefusedError, match=r"0\.800, needs > 0\.900"):
        promote(candidate, REFUSED, tmp_path, model_card=CARD)
    assert not (tmp_path / "promoted").exists()


def test_an_incomplete_candidate_or_a_blank_card_is_refused(tmp_path: Path):
    candidate = make_checkpoint(tmp_path / "candidate")
    with pytest.raises(ValueError, match="card is blank"):
        promote(candidate, PASSED, tmp_path, model_card=" \n")
    (candidate / "tokenizer.json").unlink()
    with pytest.raises(IncompleteCheckpointError, match=r"tokenizer\.json is missing"):
        promote(candidate, PASSED, tmp_path, model_card=CARD)
    assert promoted_folder(tmp_path) is None


def test_promoting_the_promoted_again_changes_nothing(tmp_path: Path):
    candidate = make_checkpoint(tmp_path / "candidate")
    first = promote(candidate, PASSED, tmp_path, model_card=CARD)
    assert promote(candidate, PASSED, tmp_path, model_card="another card") == first
    assert (first / "README.md").read_text() == CARD
    assert len(list((tmp_path / "promoted" / "versions").iterdir())) == 1


def two_promotions(home: Path) -> tuple[Path, Path]:
    old = promote(make_checkpoint(home / "old", "old"), PASSED, home, model_card=CARD)
    new = promote(make_checkpoint(home / "new", "new"), PASSED, home, model_card=CARD)
    return old, new


def test_the_previous_version_is_kept_and_rollback_returns_to_it(tmp_path: Path):
    old, new = two_promotions(tmp_path)
    assert promotion_record(new)["previous"] == old.name
    assert weights(tmp_path) == "new"
    assert rollback(tmp_path) == old == promoted_folder(tmp_path)
    assert weights(tmp_path) == "old"


def test_a_model_that_was_rolled_back_is_not_promoted_again_until_its_mark_is_deleted(tmp_path: Path):
    _, new = two_promotions(tmp_path)
    rollback(tmp_path)
    with pytest.raises(PromotionRefusedError, match=r"rolled back; delete .*withdrawn\.json"):
        promote(tmp_path / "new", PASSED, tmp_path, model_card=CARD)
    assert weights(tmp_path) == "old"
    (new / promotion.WITHDRAWN).unlink()
    promote(tmp_path / "new", PASSED, tmp_path, model_card=CARD)
    assert weights(tmp_path) == "new"


def test_rollback_without_a_previous_version_is_an_error_and_keeps_the_current(tmp_path: Path):
    with pytest.raises(RollbackError, match="nothing is promoted"):
        rollback(tmp_path)
    promote(make_checkpoint(tmp_path / "only"), PASSED, tmp_path, model_card=CARD)
    with pytest.raises(RollbackError, match="first promoted"):
        rollback(tmp_path)
    assert weights(tmp_path) == "weights"


def test_rollback_to_a_damaged_version_is_an_error_and_keeps_the_current(tmp_path: Path):
    old, _ = two_promotions(tmp_path)
    (old / "config.json").unlink()
    with pytest.raises(RollbackError, match=r"config\.json is missing"):
        rollback(tmp_path)
    assert weights(tmp_path) == "new"


def test_a_pointer_to_a_version_that_is_gone_is_an_error_and_not_nothing(tmp_path: Path):
    _, new = two_promotions(tmp_path)
    shutil.rmtree(new)
    with pytest.raises(FileNotFoundError):
        promoted_folder(tmp_path)


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before copying": lambda patch: patch.setattr(shutil, "copytree", interrupted),
    "between two files": lambda patch: patch.setattr(shutil, "copy2", interrupted),
    "before the card": lambda patch: patch.setattr(Path, "write_text", interrupted),
    "before the record": lambda patch: patch.setattr(promotion.json, "dumps", interrupted),
    "while syncing": lambda patch: patch.setattr(os, "fsync", interrupted),
    "before the version appears": lambda patch: patch.setattr(Path, "rename", interrupted),
    "before the new pointer": lambda patch: patch.setattr(Path, "symlink_to", interrupted),
    "before the switch": lambda patch: patch.setattr(Path, "replace", interrupted),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_promotion_interrupted_at_any_step_leaves_the_old_model_promoted_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    old = promote(make_checkpoint(tmp_path / "old", "old"), PASSED, tmp_path, model_card=CARD)
    candidate = make_checkpoint(tmp_path / "new", "new")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if step == "between two files":
            original = shutil.copytree
            patch.setattr(shutil, "copytree", lambda *a, **k: original(*a, **k, copy_function=interrupted))
        else:
            STEPS[step](patch)
        promote(candidate, PASSED, tmp_path, model_card=CARD)
    assert promoted_folder(tmp_path) == old
    assert check_complete(old) is None
    assert weights(tmp_path) == "old"
    new = promote(candidate, PASSED, tmp_path, model_card=CARD)
    assert weights(tmp_path) == "new"
    assert promotion_record(new)["previous"] == old.name
    assert not (tmp_path / "promoted" / ".draft").exists()


@pytest.mark.parametrize("step", ["before the new pointer", "before the switch"])
def test_a_rollback_interrupted_before_the_switch_keeps_the_current_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    two_promotions(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        STEPS[step](patch)
        rollback(tmp_path)
    assert weights(tmp_path) == "new"
    rollback(tmp_path)
    assert weights(tmp_path) == "old"


def test_a_reader_keeps_its_folder_over_a_switch(tmp_path: Path):
    promote(make_checkpoint(tmp_path / "old", "old"), PASSED, tmp_path, model_card=CARD)
    reading = promoted_folder(tmp_path)
    promote(make_checkpoint(tmp_path / "new", "new"), PASSED, tmp_path, model_card=CARD)
    assert reading is not None
    assert (reading / "model.safetensors").read_text() == "old"


def test_two_promotions_at_once_are_refused(tmp_path: Path):
    candidate = make_checkpoint(tmp_path / "candidate")
    with store_lock(tmp_path / "promoted"), pytest.raises(StoreBusyError, match="another process"):
        promote(candidate, PASSED, tmp_path, model_card=CARD)
    promote(candidate, PASSED, tmp_path, model_card=CARD)
    assert weights(tmp_path) == "weights"
