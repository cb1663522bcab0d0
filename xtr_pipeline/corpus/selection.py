"""Which files of a source tree belong to the corpus: roots minus excludes, links and vendored folders aside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

ALWAYS_EXCLUDED_FOLDERS = frozenset(
    {
        # other people's code, kept inside a repository
        "_vendor",
        "_vendored",
        "bower_components",
        "node_modules",
        "site-packages",
        "third-party",
        "third_party",
        "thirdparty",
        "vendor",
        "vendored",
        "vendors",
        # what tools leave in a working copy
        ".bzr",
        ".eggs",
        ".git",
        ".hg",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        ".xtr",
        "__pycache__",
    }
)


class SelectionError(ValueError):
    """A root or exclude pattern that cannot be used; the message holds every bad pattern."""


def select_files(root: Path, roots: Sequence[str], excludes: Sequence[str]) -> list[str]:
    """Lists the files of a source tree that belong to the corpus.

    Args:
        root: Top folder of the tree; all patterns and results are relative to it.
        roots: Folders, files or globs, anchored at `root` (`src`, `crates/*/src`); `.` means everything.
        excludes: Patterns in the syntax of .gitignore: one with an inner slash is anchored at `root`, one
            without matches at any depth, a later `!pattern` takes files back in.

    Returns:
        Relative posix paths of regular files, sorted by code point. Symbolic links, files inside a folder of
        `ALWAYS_EXCLUDED_FOLDERS` and names that are not valid UTF-8 are left out.

    Raises:
        SelectionError: A pattern is malformed.
        FileNotFoundError: `root` is not a folder.
    """
    if not root.is_dir():
        msg = f"{root} is not a folder, so no source files can be selected from it"
        raise FileNotFoundError(msg)
    problems = pattern_problems(roots, excludes)
    if problems:
        raise SelectionError("; ".join(problems))
    included = GitIgnoreSpec.from_lines(_anchored(pattern) for pattern in roots)
    excluded = GitIgnoreSpec.from_lines(excludes)
    return sorted(path for path in _walk(root) if included.match_file(path) and not excluded.match_file(path))


def pattern_problems(roots: Iterable[str], excludes: Iterable[str]) -> list[str]:
    """Says what is wrong with root and exclude patterns, one sentence a problem; empty when all can be used."""
    problems = []
    for pattern in roots:
        parts = pattern.split("/")
        if not pattern.strip() or pattern.startswith(("!", "/", "#")) or ".." in parts or "\\" in pattern:
            problems.append(f"root {pattern!r} must be a folder or glob inside the tree, with forward slashes")
    for pattern in excludes:
        if not pattern.strip() or pattern.startswith("#"):
            problems.append(f"exclude {pattern!r} matches nothing")
            continue
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            problems.append(f"exclude {pattern!r}: {error}")
    return problems


def _anchored(pattern: str) -> str:
    """Turns a root into a .gitignore pattern that matches at the top only."""
    trimmed = pattern.strip().removeprefix("./").rstrip("/")
    return "/**" if trimmed in {".", ""} else f"/{trimmed}"


def _walk(root: Path) -> Iterator[str]:
    """Yields the relative posix path of every regular file, in no particular order."""
    for folder, subfolders, names in os.walk(root, followlinks=False):
        subfolders[:] = [name for name in subfolders if name not in ALWAYS_EXCLUDED_FOLDERS]
        for name in names:
            file = Path(folder) / name
            if file.is_symlink() or not file.is_file():
                continue
            relative = file.relative_to(root).as_posix()
            if _is_utf8(relative):
                yield relative


def _is_utf8(name: str) -> bool:
    """Tells whether a file name survives being stored as text: undecodable bytes are lone surrogates in Python."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
