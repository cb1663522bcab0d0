"""One source repository: where it comes from, which of its files count, and what it is used for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Literal

Role = Literal["train", "dev", "eval"]


@dataclass(frozen=True)
class PypiSource:
    """The sdist of one release on the package index; its address is found by `package_index`, never written down."""

    project: str
    version: str
    sha256: str


@dataclass(frozen=True)
class GitSource:
    """One commit of a git repository; `url` may be https, ssh, `file://` or a local (bare) repository's path."""

    url: str
    commit: str


@dataclass(frozen=True)
class PathSource:
    """A folder on this machine: a user's own code, copied as it stands when it is fetched."""

    path: str


Source = PypiSource | GitSource | PathSource
SOURCE_TYPES: dict[str, type[Source]] = {"pypi": PypiSource, "git": GitSource, "path": PathSource}


@dataclass(frozen=True)
class SourceRepo:
    """One entry of the registry.

    Attributes:
        name: Unique short name; also the partition key and the folder name.
        role: What it is used for. Train, dev and eval repos are always different repositories.
        source: Where it comes from, pinned.
        roots: Folders or globs inside the tree that hold its own source code.
        excludes: Patterns in the syntax of .gitignore for tests, docs, generated and vendored code.
        licence: SPDX expression.
    """

    name: str
    role: Role
    source: Source
    roots: tuple[str, ...]
    excludes: tuple[str, ...]
    licence: str

    @property
    def version(self) -> str:
        """A short version for people: the release, the abbreviated commit, or `local`."""
        match self.source:
            case PypiSource(version=version):
                return version
            case GitSource(commit=commit):
                return commit[:12]
            case PathSource():
                return "local"

    def fingerprint(self) -> str:
        """Returns the SHA-256 hex of the entry; it changes when any field does.

        A path source names no content: use `registry.source_fingerprint` wherever the fingerprint is an address.
        """
        entry = dataclasses.asdict(self) | {"source_type": type(self.source).__name__}
        return hashlib.sha256(json.dumps(entry, sort_keys=True).encode("utf-8")).hexdigest()
