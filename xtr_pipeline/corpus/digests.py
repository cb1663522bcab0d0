"""SHA-256 of files and of trees: the addresses that everything downstream is stored under."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def file_sha256(file: Path) -> str:
    """Returns the SHA-256 of a file's bytes in lower-case hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_sha256(root: Path, paths: Iterable[str]) -> str:
    """Returns the SHA-256 of some files of a tree, their relative paths included, in lower-case hex.

    Args:
        root: Top folder of the tree.
        paths: Relative posix paths of files under `root`, in the order in which they are hashed.
    """
    digest = hashlib.sha256()
    for path in paths:
        # the digest has a fixed length and paths hold no NUL, so no two trees share one byte string
        digest.update(path.encode("utf-8") + b"\0" + bytes.fromhex(file_sha256(root / path)))
    return digest.hexdigest()
