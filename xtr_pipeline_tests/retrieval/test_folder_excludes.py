"""What is left out of a folder, checked through the selection that the cutter uses and against git itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from xtr_pipeline.corpus.selection import select_files
from xtr_pipeline.retrieval.folder_excludes import folder_excludes


def plant(root: Path, *files: str, **ignores: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("x\n")
    for folder, patterns in ignores.items():
        place = root if folder == "top" else root / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / ".gitignore").write_text(patterns)


def searched(root: Path) -> list[str]:
    return [file for file in select_files(root, (".",), folder_excludes(root)) if not file.endswith(".gitignore")]


def test_build_output_lock_files_and_tool_folders_are_left_out(tmp_path: Path) -> None:
    plant(tmp_path, "src/a.py", "build/a.py", "target/x.rs", "node_modules/m/i.js", "poetry.lock", "app.min.js")
    plant(tmp_path, ".git/config", "pkg.egg-info/PKG-INFO", ".idea/x.xml")
    assert searched(tmp_path) == ["src/a.py"]


def test_a_package_named_build_inside_the_sources_stays(tmp_path: Path) -> None:
    plant(tmp_path, "src/build/env.py", "src/target/one.py")
    assert searched(tmp_path) == ["src/build/env.py", "src/target/one.py"]


@pytest.mark.parametrize("marker", ["pyvenv.cfg", "CACHEDIR.TAG"])
def test_a_folder_that_a_tool_has_marked_is_left_out_whatever_its_name(tmp_path: Path, marker: str) -> None:
    plant(tmp_path, "a.py", f"odd [name]/{marker}", "odd [name]/lib/b.py", "odd n/c.py")
    assert searched(tmp_path) == ["a.py", "odd n/c.py"]


def test_the_searched_folder_itself_may_carry_a_marker(tmp_path: Path) -> None:
    plant(tmp_path, "pyvenv.cfg", "lib/a.py")
    assert "lib/a.py" in searched(tmp_path)


def test_a_gitignore_takes_a_default_exclude_back_in(tmp_path: Path) -> None:
    plant(tmp_path, "dist/a.py", "keep.lock", top="!/dist/\n!keep.lock\n")
    assert searched(tmp_path) == ["dist/a.py", "keep.lock"]


def test_a_gitignore_from_above_counts_below(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    plant(tmp_path, "sub/a.py", "sub/a.log", "sub/gen/b.py", "sub/x/gen/c.py", top="*.log\n/sub/gen/\n/other/a.py\n")
    assert searched(tmp_path / "sub") == ["a.py", "x/gen/c.py"]


def test_a_folder_that_git_ignores_can_be_searched_by_name(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    plant(tmp_path, "scratch/a.py", top="scratch/\n")
    assert searched(tmp_path / "scratch") == ["a.py"]


def test_without_git_nothing_above_the_folder_counts(tmp_path: Path) -> None:
    plant(tmp_path, "sub/a.log", top="*.log\n")
    assert searched(tmp_path / "sub") == ["a.log"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the reference here")
@pytest.mark.parametrize(
    ("top", "nested"),
    [
        ("*.log\n", ""),
        ("*.log\n!keep.log\n", ""),
        ("# comment\n\n*.log   \n", "!x.log\n"),
        ("/a/x.log\n", "b/\n"),
        ("b/\n", ""),
        ("**/b/*.py\n", ""),
        ("a/**/two.py\n", "/one.py\n"),
        ("", "*.py\n!one.py\n"),
        ("", "/b/two.py\n"),
        ("", "b/*.log\n"),
        ("\\#odd.py\n\\!odd.py\n", ""),
    ],
)
def test_the_same_files_remain_as_in_git(tmp_path: Path, top: str, nested: str) -> None:
    plant(
        tmp_path, "x.log", "keep.log", "one.py", "#odd.py", "!odd.py", "a/x.log", "a/one.py", "a/b/two.py", "a/b/y.log"
    )
    plant(tmp_path, "a/c d/b/two.py", top=top, a=nested)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "-z", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert searched(tmp_path) == sorted(file for file in listed.split("\0") if file and ".gitignore" not in file)
