"""The repositories that are kept for evaluation and must never reach training, query writing or judging."""

from __future__ import annotations

import re
from pathlib import Path

from xtr_pipeline.corpus.repository_address import parse_address


def load_reserved(path: Path) -> frozenset[str]:
    """Reads the list of reserved names: one a line, `#` starts a comment.

    Returns:
        Normalised names (see `normalise_name`).

    Raises:
        FileNotFoundError: The list is missing. Training without it could not be told from training on the test set.
        ValueError: The list holds no name.
    """
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    names = frozenset(normalise_name(line) for line in lines if line)
    if not names:
        msg = f"{path} holds no name: the list of reserved repositories cannot be empty"
        raise ValueError(msg)
    return names


def is_reserved(name: str, reserved: frozenset[str]) -> bool:
    """Tells whether a project name, or any component of a repository's address or folder, is on the reserved list."""
    return reserved_component(name, reserved) is not None


def reserved_component(address: str, reserved: frozenset[str]) -> str | None:
    """Finds the first path component that is a reserved name; the host, a query and a fragment do not count.

    Args:
        address: A name, `owner/name`, a URL, `user@host:path` or a folder.
        reserved: Normalised names.

    Returns:
        The component as written; its `normalise_name` is the reserved name. None when there is none.
    """
    for component in parse_address(address).components:
        for part in (component, *re.split(r"[?#:]", component)):
            if normalise_name(part) in reserved:
                return part
    return None


def normalise_name(name: str) -> str:
    """Reduces a project name or repository address to the form in which names are compared.

    The last path component without `.git`, in lower case, runs of `-`, `_` and `.` as one `-` (PEP 503).
    """
    last = re.split(r"[/\\:]", name.strip().rstrip("/\\"))[-1]
    return re.sub(r"[-_.]+", "-", last.lower().removesuffix(".git"))
