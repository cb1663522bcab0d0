"""One address for a repository's tree."""

from pathlib import Path

from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.source_repo import PathSource, SourceRepo


def test_a_tree_lies_under_its_name_and_fingerprint_and_a_change_gets_its_own(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "a.py").write_text("x = 1\n")
    repo = SourceRepo("mine", "train", PathSource(str(code)), (".",), (), "MIT")
    first = pinned_tree(repo, tmp_path / "home", tmp_path / "downloads").root
    assert first.is_relative_to(tmp_path / "home" / "sources" / "mine")
    assert pinned_tree(repo, tmp_path / "home", tmp_path / "downloads").root == first
    (code / "a.py").write_text("x = 2\n")
    assert pinned_tree(repo, tmp_path / "home", tmp_path / "downloads").root != first
