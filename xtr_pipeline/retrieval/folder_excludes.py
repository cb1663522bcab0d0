"""What a search of somebody's own folder leaves out: build output, environments, and whatever git ignores there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from xtr_pipeline.corpus.selection import ALWAYS_EXCLUDED_FOLDERS

# Text that tools write and nobody searches, in the syntax of .gitignore. Version control, caches, virtual
# environments and vendored folders are left out as well: see `ALWAYS_EXCLUDED_FOLDERS` and `_is_generated`.
DEFAULT_EXCLUDES = (
    "/build/",
    "/dist/",
    "/out/",
    "/target/",
    "*.egg-info/",
    ".idea/",
    ".vscode/",
    "htmlcov/",
    "*.lock",
    "*.map",
    "*.min.css",
    "*.min.js",
    "*.svg",
    "go.sum",
    "package-lock.json",
    "pnpm-lock.yaml",
)

# Files by which a folder says of itself that a tool made it: virtual environments (PEP 405) and caches, among them
# Cargo's target folders (https://bford.info/cachedir/).
_MARKERS = ("pyvenv.cfg", "CACHEDIR.TAG")


def folder_excludes(root: Path) -> tuple[str, ...]:
    """Lists the exclude patterns of a folder of code, anchored at `root`, for `corpus.cutting.cut_tree`.

    `DEFAULT_EXCLUDES` come first, so that a `!pattern` in a .gitignore takes files back in; then the .gitignore files
    of the enclosing git work tree (unless they ignore `root` itself: then it was named on purpose), those of `root`
    and of its subfolders; last the folders that a tool made.
    """
    root = root.resolve()
    patterns = [*DEFAULT_EXCLUDES, *_inherited_patterns(root)]
    generated: list[Path] = []
    for folder, ignore_file in _walk(root, generated):
        patterns += _moved_patterns(ignore_file, folder.relative_to(root).parts)
    return (*patterns, *(f"/{_escaped(folder.relative_to(root).as_posix())}/" for folder in sorted(generated)))


def _walk(root: Path, generated: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Yields each .gitignore with its folder, top first; adds the folders that a tool made to `generated`."""
    for name, subfolders, files in os.walk(root):
        folder = Path(name)
        if folder != root and any(marker in files for marker in _MARKERS):
            generated.append(folder)
            subfolders.clear()
            continue
        subfolders[:] = sorted(subfolder for subfolder in subfolders if subfolder not in ALWAYS_EXCLUDED_FOLDERS)
        if ".gitignore" in files:
            yield folder, folder / ".gitignore"


def _inherited_patterns(root: Path) -> list[str]:
    """Patterns from above `root` in the same git work tree, rewritten to be relative to `root`."""
    top = next((folder for folder in [root, *root.parents] if (folder / ".git").exists()), None)
    if top is None:
        return []
    sources = [(top, top / ".git" / "info" / "exclude")]
    sources += [(folder, folder / ".gitignore") for folder in reversed(root.parents) if folder.is_relative_to(top)]
    inherited = []
    for folder, file in sources:
        below = root.relative_to(folder).parts
        if below and GitIgnoreSpec.from_lines(_lines(file)).match_file("/".join(below) + "/"):
            return []
        inherited += _patterns_below(file, below)
    return inherited


def _patterns_below(file: Path, below: tuple[str, ...]) -> list[str]:
    """Rewrites the patterns of a .gitignore for a folder `below` its own; anchored ones must begin with that path."""
    prefix = "".join(f"{_escaped(part)}/" for part in below)
    rewritten = []
    for line in _lines(file):
        negation, pattern = ("!", line[1:]) if line.startswith("!") else ("", line)
        if not _is_anchored(pattern):
            rewritten.append(line)
        elif pattern.lstrip("/").startswith(prefix):
            rewritten.append(f"{negation}/{pattern.lstrip('/').removeprefix(prefix)}")
        elif pattern.startswith("**/"):
            rewritten.append(line)
    return rewritten


def _moved_patterns(file: Path, parts: tuple[str, ...]) -> list[str]:
    """Rewrites the patterns of a .gitignore in a subfolder so that they mean the same seen from the top."""
    prefix = "".join(f"{_escaped(part)}/" for part in parts)
    moved = []
    for line in _lines(file):
        negation, pattern = ("!", line[1:]) if line.startswith("!") else ("", line)
        middle = "" if _is_anchored(pattern) else "**/"
        moved.append(f"{negation}/{prefix}{middle}{pattern.lstrip('/')}")
    return moved


def _lines(file: Path) -> list[str]:
    """The patterns of a .gitignore, without comments and blank lines; none where there is no such file."""
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.rstrip("\r") for line in lines if line.strip() and not line.startswith("#")]


def _is_anchored(pattern: str) -> bool:
    """Tells whether a pattern matches only from its own folder on: a slash anywhere but at the end (gitignore(5))."""
    return "/" in pattern.rstrip().rstrip("/")


def _escaped(name: str) -> str:
    """Makes a file name match only itself in a .gitignore pattern."""
    return "".join(f"\\{character}" if character in "*?[]\\!# " else character for character in name)
