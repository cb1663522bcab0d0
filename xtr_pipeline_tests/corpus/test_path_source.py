"""Sources that lie in a folder of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtr_pipeline.corpus.fetch_errors import FetchError
from xtr_pipeline.corpus.path_source import content_sha256, copy_path_source
from xtr_pipeline.corpus.source_repo import PathSource, PypiSource, SourceRepo


def _repo(folder: Path, *excludes: str) -> SourceRepo:
    return SourceRepo("mine", "train", PathSource(str(folder)), ("src",), excludes, "MIT")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "mine"
    (source / "src/tests").mkdir(parents=True)
    (source / "src/a.py").write_text("x = 1\n", encoding="utf-8")
    (source / "src/tests/t.py").write_text("", encoding="utf-8")
    (source / "src/link.py").symlink_to("/etc/passwd")
    return source


def test_only_the_selected_files_are_copied(folder: Path, tmp_path: Path):
    top = copy_path_source(_repo(folder, "**/tests/**"), tmp_path / "copy")

    assert [path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()] == ["src/a.py"]
    assert (top / "src/a.py").read_text(encoding="utf-8") == "x = 1\n"


def test_what_is_excluded_does_not_change_the_content(folder: Path):
    repo = _repo(folder, "**/tests/**")
    before = content_sha256(repo)
    (folder / "src/tests/t.py").write_text("changed", encoding="utf-8")

    assert content_sha256(repo) == before


def test_a_folder_in_which_nothing_is_selected_is_an_error(folder: Path):
    with pytest.raises(FetchError, match="repo 'mine': no file under src is left"):
        content_sha256(_repo(folder, "*.py"))


def test_another_kind_of_source_is_a_mistake_of_the_caller():
    repo = SourceRepo("one", "train", PypiSource("one", "1.0", "ab" * 32), ("src",), (), "MIT")

    with pytest.raises(TypeError, match="no path source"):
        content_sha256(repo)
