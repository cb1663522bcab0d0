"""Names that must never reach training."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtr_pipeline.corpus.reserved import is_reserved, load_reserved, normalise_name, reserved_component


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
        "/home/u/celery/.git",
        "/home/u/celery.git/.git/",
        "/home/u/celery/src",
        "/home/u/a#b/celery",
        "/home/u/celery?x",
        "file:///srv/celery/.git",
        "file:///srv/a#b/celery",
        "https://example.org/x/celery.git?a=b",
        "https://example.org/x/Celery.GIT#readme",
        "https://example.org/x/c%65lery",
        "https://user:secret@example.org:8443/celery/other.git",
        "ssh://git@example.org/x/celery",
        "C:\\code\\celery\\src",
        "PYDANTIC_core",
        "pydantic.core",
    ],
)
def test_spelling_owner_and_address_do_not_hide_a_reserved_name(name: str):
    assert is_reserved(name, frozenset({"celery", "pydantic-core"}))


@pytest.mark.parametrize(
    "name",
    [
        "celery-types",
        "celeriac",
        "core",
        "/home/u/celery-types/.git",
        "https://celery/x/other.git",
        "https://celery@example.org/x/other.git",
        "git@celery:x/other.git",
        "https://example.org/x/other?repo=celery",
        "https://example.org/x/other#celery",
        ".git",
        "",
    ],
)
def test_other_names_are_not_reserved(name: str):
    assert not is_reserved(name, frozenset({"celery", "pydantic-core"}))


def test_the_component_is_given_as_it_is_written():
    assert reserved_component("https://example.org/x/Pydantic_Core.git?a=b", frozenset({"pydantic-core"})) == (
        "Pydantic_Core"
    )
    assert reserved_component("https://example.org/x/pydantic.git", frozenset({"pydantic-core"})) is None


def test_normalising_twice_changes_nothing():
    once = normalise_name("Some__Thing.git")

    assert normalise_name(once) == once == "some-thing"
