"""Fetching one source repo into a folder that is either complete or not there."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from xtr_pipeline.corpus.archives import extract_archive
from xtr_pipeline.corpus.digests import tree_sha256
from xtr_pipeline.corpus.fetch_errors import ArchiveError, FetchError, TransientFetchError
from xtr_pipeline.corpus.git_source import export_commit
from xtr_pipeline.corpus.package_index import download_distribution
from xtr_pipeline.corpus.path_source import copy_path_source
from xtr_pipeline.corpus.selection import select_files
from xtr_pipeline.corpus.source_repo import GitSource, PathSource, PypiSource, SourceRepo

__all__ = ["ArchiveError", "FetchError", "SourceTree", "TransientFetchError", "fetch_tree"]

MARKER = ".complete.json"
PARTIAL_PREFIX = ".partial-"
ABANDONED_SECONDS = 6 * 3600


@dataclass(frozen=True)
class SourceTree:
    """A fetched source tree.

    Attributes:
        repo: Name of the repo.
        version: Release, abbreviated commit, or for a path source `local-` and the start of its content's SHA-256.
        root: The one top folder; paths of units are relative to it.
        sha256: SHA-256 hex of the sdist, or over the selected files' paths and contents for git and path sources.
        files: How many files the repo's roots and excludes select.
        bytes: Their size.
    """

    repo: str
    version: str
    root: Path
    sha256: str
    files: int
    bytes: int


def fetch_tree(repo: SourceRepo, into: Path, downloads: Path) -> SourceTree:
    """Fetches a repo's source tree; one that is already complete is used as it is, without the network.

    Args:
        repo: The registry entry.
        into: The final folder, one for each `registry.source_fingerprint`. It appears by one rename.
        downloads: Folder that keeps downloaded archives between runs.

    Raises:
        TransientFetchError: The network failed; the same call may succeed later.
        ArchiveError: The archive is corrupt, hostile or empty.
        FetchError: Wrong hash, missing version or commit, roots that select nothing. Every message names the repo.
    """
    present = _load_marker(repo, into)
    if present is not None:
        return present
    into.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(into.parent)
    partial = into.parent / f"{PARTIAL_PREFIX}{uuid.uuid4().hex}"
    partial.mkdir()
    try:
        tree = _fetch_into(repo, partial, downloads)
        _write_marker(tree, partial)
        return _publish(repo, partial, into)
    except FetchError as error:
        prefix = f"repo {repo.name!r}: "
        msg = str(error) if str(error).startswith(prefix) else f"{prefix}{error}"
        raise type(error)(msg) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fetch_into(repo: SourceRepo, folder: Path, downloads: Path) -> SourceTree:
    match repo.source:
        case PypiSource(project, version, sha256):
            archive = download_distribution(project, version, "sdist", sha256, downloads)
            extract_archive(archive, folder)
            root = _single_folder(folder, archive.name)
        case GitSource():
            root = folder / repo.name
            root.mkdir()
            export_commit(repo.source, root)
        case PathSource():
            root = copy_path_source(repo, folder)
    selected = select_files(root, repo.roots, repo.excludes)
    if not selected:
        there = ", ".join(sorted(entry.name for entry in root.iterdir())[:20]) or "nothing"
        msg = f"no file under {', '.join(repo.roots)} is left after the excludes; the tree's top holds {there}"
        raise FetchError(msg)
    content = repo.source.sha256 if isinstance(repo.source, PypiSource) else tree_sha256(root, selected)
    version = f"local-{content[:12]}" if isinstance(repo.source, PathSource) else repo.version
    size = sum((root / path).stat().st_size for path in selected)
    return SourceTree(repo.name, version, root, content, len(selected), size)


def _single_folder(folder: Path, archive: str) -> Path:
    entries = sorted(folder.iterdir())
    if len(entries) == 1 and entries[0].is_dir():
        return entries[0]
    names = ", ".join(entry.name for entry in entries[:5])
    msg = f"{archive} should hold one top folder, as every sdist does, but holds {names}"
    raise ArchiveError(msg)


def _write_marker(tree: SourceTree, folder: Path) -> None:
    record = {
        "version": tree.version,
        "root": tree.root.relative_to(folder).as_posix(),
        "sha256": tree.sha256,
        "files": tree.files,
        "bytes": tree.bytes,
    }
    (folder / MARKER).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _load_marker(repo: SourceRepo, into: Path) -> SourceTree | None:
    """Reads back what was fetched before; None when the folder is not there.

    Raises:
        FetchError: The folder is there but was not made, or not left alone, by `fetch_tree`.
    """
    if not into.exists():
        return None
    try:
        record = json.loads((into / MARKER).read_text(encoding="utf-8"))
        root = into / record["root"]
        tree = SourceTree(repo.name, record["version"], root, record["sha256"], record["files"], record["bytes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"repo {repo.name!r}: {into} is not a complete source tree; remove it and fetch again"
        raise FetchError(msg) from error
    if not root.is_dir():
        msg = f"repo {repo.name!r}: {root} has been removed; remove {into} and fetch again"
        raise FetchError(msg)
    return tree


def _publish(repo: SourceRepo, partial: Path, into: Path) -> SourceTree:
    try:
        partial.rename(into)
    except OSError:
        # another process was first: its tree has the same address, so it is the same tree
        if not into.exists():
            raise
    tree = _load_marker(repo, into)
    if tree is None:
        msg = f"{into} disappeared while it was fetched"
        raise FetchError(msg)
    return tree


def _remove_abandoned(parent: Path) -> None:
    """Removes what a killed fetch has left; anything younger may belong to one that still runs."""
    for folder in parent.glob(f"{PARTIAL_PREFIX}*"):
        if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
