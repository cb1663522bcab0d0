"""Which encoder a project starts from."""

import shutil
from pathlib import Path

import pytest

from xtr_pipeline.encoder.base_choice import base_reference, base_version
from xtr_pipeline.encoder.base_weights import BASE_WEIGHTS_SHA256
from xtr_pipeline.encoder.bert_config import CheckpointError

TINY_T5 = Path(__file__).parent / "fixtures" / "tiny_t5"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "model.toml"


def test_without_a_word_it_is_the_base_that_ships_and_so_it_is_in_this_project(settings: Path) -> None:
    shipped = Path(__file__).parents[2] / "data" / "model.toml"
    settings.touch()
    for path in (settings.with_name("absent.toml"), settings, shipped):
        assert base_reference(path) == "base"
        assert base_version(path) == BASE_WEIGHTS_SHA256


def test_a_folder_counts_from_the_project_and_its_version_is_its_content(settings: Path) -> None:
    own = shutil.copytree(TINY_T5, settings.parents[1] / "own")
    settings.write_text('base = "own"')
    assert base_reference(settings) == str(own)
    before = base_version(settings)
    (own / "README.md").write_text("no part of the model")
    assert base_version(settings) == before
    (own / "config.json").write_text((own / "config.json").read_text() + "\n")
    assert base_version(settings) != before


def test_anything_else_is_a_hub_id(settings: Path) -> None:
    settings.write_text('base = "google/xtr-base-en"')
    assert base_reference(settings) == base_version(settings) == "google/xtr-base-en"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bse = 'x'", "bse cannot be used"),
        ("base = 3", "base = 3 cannot"),
        ("base = ' '", "cannot be used"),
        ("b", "model.toml"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_cure(settings: Path, text: str, message: str) -> None:
    settings.write_text(text)
    with pytest.raises(CheckpointError, match=message):
        base_reference(settings)
