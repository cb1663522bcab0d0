"""Which files of a tree belong to the corpus."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xtr_pipeline.corpus.selection import SelectionError, pattern_problems, select_files


def _tree(root: Path, *paths: str) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n", encoding="utf-8")
    return root


def test_only_files_under_the_roots_are_selected_sorted_by_path(tmp_path: Path):
    root = _tree(tmp_path, "src/b.py", "src/a/z.py", "src/B.py", "setup.py", "nested/src/c.py")

    assert select_files(root, ["src"], []) == ["src/B.py", "src/a/z.py", "src/b.py"]


def test_a_dot_means_the_whole_tree(tmp_path: Path):
    root = _tree(tmp_path, "setup.py", "src/a.py")

    assert select_files(root, ["."], []) == ["setup.py", "src/a.py"]


def test_roots_are_globs_and_may_name_a_single_file(tmp_path: Path):
    root = _tree(tmp_path, "crates/one/src/lib.rs", "crates/one/tests/t.rs", "crates/two/src/main.rs", "build.rs")

    selected = select_files(root, ["crates/*/src", "build.rs"], [])

    assert selected == ["build.rs", "crates/one/src/lib.rs", "crates/two/src/main.rs"]


def test_excludes_follow_gitignore(tmp_path: Path):
    root = _tree(tmp_path, "src/a.py", "src/tests/t.py", "src/x/tests/t.py", "src/x_pb2.py", "src/demo/d.py")

    selected = select_files(root, ["src"], ["**/tests/**", "*_pb2.py", "src/demo/**"])

    assert selected == ["src/a.py"]


def test_a_later_exclamation_mark_takes_a_file_back_in(tmp_path: Path):
    root = _tree(tmp_path, "src/generated.c", "src/written.c", "src/a.pyx")

    assert select_files(root, ["src"], ["*.c", "!src/written.c"]) == ["src/a.pyx", "src/written.c"]


def test_vendored_folders_are_left_out_at_any_depth(tmp_path: Path):
    root = _tree(tmp_path, "src/a.py", "src/_vendor/b.py", "vendor/c.c", "src/x/node_modules/d.js", ".git/config")

    assert select_files(root, ["."], []) == ["src/a.py"]


def test_links_to_files_and_folders_are_left_out(tmp_path: Path):
    root = _tree(tmp_path / "tree", "src/a.py")
    outside = _tree(tmp_path / "outside", "secret.py")
    (root / "src/link.py").symlink_to(outside / "secret.py")
    (root / "src/folder").symlink_to(outside, target_is_directory=True)

    assert select_files(root, ["src"], []) == ["src/a.py"]


def test_pipes_and_undecodable_names_are_left_out(tmp_path: Path):
    root = _tree(tmp_path, "src/a.py")
    os.mkfifo(root / "src/pipe.py")
    with open(os.fsencode(root / "src") + b"/\xff.py", "wb"):  # noqa: PTH123 (a name that is no text)
        pass

    assert select_files(root, ["src"], []) == ["src/a.py"]


@pytest.mark.parametrize("bad", ["", "/etc", "../other", "a/../b", "!src", "src\\a", "#src"])
def test_roots_that_leave_the_tree_are_refused(tmp_path: Path, bad: str):
    with pytest.raises(SelectionError, match="inside the tree"):
        select_files(tmp_path, [bad], [])


def test_all_bad_patterns_are_named_at_once():
    problems = pattern_problems(["../a", "src"], ["#x", "ok/**"])

    assert len(problems) == 2
    assert "../a" in problems[0]
    assert "#x" in problems[1]


def test_a_missing_tree_is_an_error_and_not_an_empty_list(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        select_files(tmp_path / "nowhere", ["."], [])
