"""What a complete checkpoint is."""

from pathlib import Path

import pytest

from xtr_pipeline.release.checkpoint_folder import IncompleteCheckpointError, check_complete, folder_fingerprint
from xtr_pipeline_tests.release.checkpoints import make_checkpoint


@pytest.mark.parametrize("dense", [True, False])
def test_a_folder_with_all_files_is_complete(tmp_path: Path, dense: bool):
    assert check_complete(make_checkpoint(tmp_path / "m", dense=dense)) is None


def test_a_plain_transformers_folder_without_modules_is_complete(tmp_path: Path):
    folder = make_checkpoint(tmp_path / "m", dense=False)
    (folder / "modules.json").unlink()
    assert check_complete(folder) is None


def test_everything_that_is_missing_or_empty_is_named(tmp_path: Path):
    folder = make_checkpoint(tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    (folder / "config.json").write_text("")
    (folder / "1_Dense" / "model.safetensors").unlink()
    with pytest.raises(IncompleteCheckpointError) as caught:
        check_complete(folder)
    for part in ("tokenizer.json is missing", "config.json is empty", "1_Dense/model.safetensors is missing"):
        assert part in str(caught.value)


@pytest.mark.parametrize("listing", ["{", "[{}]", '["1_Dense"]'])
def test_an_unreadable_list_of_modules_is_an_error(tmp_path: Path, listing: str):
    folder = make_checkpoint(tmp_path / "m")
    (folder / "modules.json").write_text(listing)
    with pytest.raises(IncompleteCheckpointError, match=r"modules\.json is unreadable"):
        check_complete(folder)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(IncompleteCheckpointError, match="is not a folder"):
        check_complete(tmp_path / "nowhere")


def test_the_fingerprint_follows_content_and_names_but_neither_card_nor_place(tmp_path: Path):
    one, same = make_checkpoint(tmp_path / "a"), make_checkpoint(tmp_path / "b")
    (same / "README.md").write_text("a card")
    assert folder_fingerprint(one) == folder_fingerprint(same)
    other = make_checkpoint(tmp_path / "c", weights="others")
    (same / "1_Dense" / "config.json").rename(same / "config_of_dense.json")
    assert len({folder_fingerprint(folder) for folder in (one, same, other)}) == 3
