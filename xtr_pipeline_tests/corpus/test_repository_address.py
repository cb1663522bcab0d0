"""Spellings of one place are one address."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtr_pipeline.corpus.repository_address import parse_address, resolve_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://me:pw@Example.org:443/A//b.git/?x=y#z", "example.org/a/b"),
        ("git@example.org:a/b.git", "example.org/a/b"),
        ("ssh://git@example.org:2222/a/b", "example.org:2222/a/b"),
        ("file:///srv/Code/b/.git", "/srv/Code/b"),
        ("/srv/Code/b.git/", "/srv/Code/b"),
        ("https://example.org/a%20b", "example.org/a b"),
    ],
)
def test_scheme_user_and_git_do_not_count(text: str, expected: str):
    assert str(parse_address(text)) == expected


@pytest.mark.parametrize("other", ["https://example.org/b/b", "https://example.com/a/b", "/example.org/a/b", "a/b"])
def test_other_places_are_other_addresses(other: str):
    assert parse_address("https://example.org/a/b") != parse_address(other)


def test_only_folders_of_this_machine_are_followed(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    assert resolve_address(f"file://{tmp_path}/link") == parse_address(str((tmp_path / "real").resolve()))
    assert str(resolve_address("https://example.org/a/b")) == "example.org/a/b"
