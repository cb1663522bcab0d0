"""Names that must never reach training."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtr_pipeline.corpus.reserved import is_reserved, load_reserved, normalise_name


def test_comments_and_blank_lines_are_no_names(tmp_path: Path):
    file = tmp_path / "reserved.txt"
    file.write_text("# kept for evaluation\n\nCelery\nlazy.nvim # a plugin\n", encoding="utf-8")

    assert load_reserved(file) == {"celery", "lazy-nvim"}


def test_an_empty_list_is_an_error_because_it_would_reserve_nothing(tmp_path: Path):
    file = tmp_path / "reserved.txt"
    file.write_text("# nothing\n", encoding="utf-8")

    with pytest.raises(ValueError, match="cannot be empty"):
        load_reserved(file)


def test_a_missing_list_is_an_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        load_reserved(tmp_path / "reserved.txt")


@pytest.mark.parametrize(
    "name",
    [
        "celery",
        "Celery",
        "someone/celery",
        "https://example.org/someone/celery.git",
        "git@example.org:someone/celery.git",
        "/home/me/code/celery/",
        "PYDANTIC_core",
        "pydantic.core",
    ],
)
def test_spelling_owner_and_address_do_not_hide_a_reserved_name(name: str):
    assert is_reserved(name, frozenset({"celery", "pydantic-core"}))


@pytest.mark.parametrize("name", ["celery-types", "celeriac", "core", "example.org/celery/other"])
def test_other_names_are_not_reserved(name: str):
    assert not is_reserved(name, frozenset({"celery", "pydantic-core"}))


def test_normalising_twice_changes_nothing():
    once = normalise_name("Some__Thing.git")

    assert normalise_name(once) == once == "some-thing"
