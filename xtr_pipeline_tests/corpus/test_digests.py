"""SHA-256 of files and trees."""

from __future__ import annotations

import hashlib
from pathlib import Path

from xtr_pipeline.corpus.digests import file_sha256, tree_sha256


def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\0" * 300_000)

    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"\0" * 300_000).hexdigest()


def test_a_tree_changes_with_content_name_and_selection_only(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    both = tree_sha256(tmp_path, ["a", "b"])

    assert tree_sha256(tmp_path, ["a", "b"]) == both
    assert tree_sha256(tmp_path, ["a"]) != both
    (tmp_path / "b").rename(tmp_path / "c")
    assert tree_sha256(tmp_path, ["a", "c"]) != both
    (tmp_path / "c").rename(tmp_path / "b")
    (tmp_path / "b").write_bytes(b"3")
    assert tree_sha256(tmp_path, ["a", "b"]) != both
