"""Sources that lie in a folder of this machine: a user's own code."""

from __future__ import annotations

import shutil
from pathlib import Path

from xtr_pipeline.corpus.digests import tree_sha256
from xtr_pipeline.corpus.fetch_errors import FetchError
from xtr_pipeline.corpus.selection import select_files
from xtr_pipeline.corpus.source_repo import PathSource, SourceRepo


def content_sha256(repo: SourceRepo) -> str:
    """Returns the SHA-256 hex over paths and contents of the files that a path source selects.

    Raises:
        FetchError: The folder is missing or no file in it is selected.
    """
    root, paths = _selected(repo)
    return tree_sha256(root, paths)


def copy_path_source(repo: SourceRepo, into: Path) -> Path:
    """Copies the selected files of a path source, so that later edits do not change what a run works on.

    Args:
        repo: A repo whose source is a `PathSource`.
        into: An existing folder; the copy becomes one folder inside it.

    Returns:
        The top folder of the copy.

    Raises:
        FetchError: The folder is missing or no file in it is selected.
    """
    root, paths = _selected(repo)
    top = into / repo.name
    for path in paths:
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target, follow_symlinks=False)
    return top


def _selected(repo: SourceRepo) -> tuple[Path, list[str]]:
    if not isinstance(repo.source, PathSource):
        msg = f"{repo.name} is no path source"
        raise TypeError(msg)
    root = Path(repo.source.path)
    if not root.is_dir():
        msg = f"repo {repo.name!r}: {root} is not a folder; correct `path` in the registry"
        raise FetchError(msg)
    paths = select_files(root, repo.roots, repo.excludes)
    if not paths:
        msg = f"repo {repo.name!r}: no file under {', '.join(repo.roots)} is left after the excludes in {root}"
        raise FetchError(msg)
    return root, paths
