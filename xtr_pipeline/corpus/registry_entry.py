"""Checking one `[[repo]]` table of the registry and turning it into a `SourceRepo`."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, get_args

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.version import InvalidVersion, Version

from xtr_pipeline.corpus.selection import pattern_problems
from xtr_pipeline.corpus.source_repo import (
    SOURCE_TYPES,
    GitSource,
    PathSource,
    PypiSource,
    Role,
    Source,
    SourceRepo,
)

FIELDS = tuple(field.name for field in dataclasses.fields(SourceRepo))
REMOTE_URL = re.compile(r"(https|http|ssh|file)://\S+|[\w.-]+@[\w.-]+:\S+")
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")


def parse_entry(entry: Any, base: Path) -> tuple[SourceRepo | None, list[str]]:
    """Parses one table.

    Args:
        entry: The table as TOML gave it.
        base: Folder that local paths in it are relative to.

    Returns:
        The repo, or None when it cannot be built, and everything that is wrong with the table.
    """
    if not isinstance(entry, dict):
        return None, ["an entry must be a [[repo]] table"]
    problems = [f"unknown field {key!r}; known are {', '.join(FIELDS)}" for key in entry if key not in FIELDS]
    problems += [f"field {field!r} is missing" for field in FIELDS if field not in entry]
    if problems:
        return None, problems
    problems = _name_problems(entry["name"]) + _role_problems(entry["role"]) + _licence_problems(entry["licence"])
    roots, excludes = entry["roots"], entry["excludes"]
    problems += _list_problems(roots, excludes)
    source, source_problems = _parse_source(entry["source"], base)
    problems += source_problems
    if problems or source is None:
        return None, problems
    return SourceRepo(entry["name"], entry["role"], source, tuple(roots), tuple(excludes), entry["licence"]), []


def _name_problems(name: Any) -> list[str]:
    if isinstance(name, str) and NAME.fullmatch(name):
        return []
    return [f"name {name!r} must be 1-64 of a-z, 0-9, '.', '_', '-', first and last a letter or digit"]


def _role_problems(role: Any) -> list[str]:
    roles = get_args(Role)
    return [] if role in roles else [f"role {role!r} must be one of {', '.join(roles)}"]


def _licence_problems(licence: Any) -> list[str]:
    try:
        canonicalize_license_expression(licence)
    except (InvalidLicenseExpression, AttributeError, TypeError):
        return [f"licence {licence!r} is not an SPDX expression, like 'MIT OR Apache-2.0'"]
    return []


def _list_problems(roots: Any, excludes: Any) -> list[str]:
    problems = [
        f"{field} must be a list of strings"
        for field, value in (("roots", roots), ("excludes", excludes))
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value)
    ]
    if problems:
        return problems
    if not roots:
        problems.append("roots must name at least one folder; '.' means the whole tree")
    return problems + pattern_problems(roots, excludes)


def _parse_source(table: Any, base: Path) -> tuple[Source | None, list[str]]:
    """Builds the source from `{ type = "pypi", project = ..., ... }`, or says why it cannot."""
    kind = table.get("type") if isinstance(table, dict) else None
    if not isinstance(kind, str) or kind not in SOURCE_TYPES:
        return None, [f"source must be a table whose type is one of {', '.join(SOURCE_TYPES)}"]
    factory = SOURCE_TYPES[kind]
    fields = [field.name for field in dataclasses.fields(factory)]
    values = {key: value for key, value in table.items() if key != "type"}
    problems = [f"source field {field!r} is missing" for field in fields if field not in values]
    problems += [
        f"unknown source field {key!r}; a {kind} source has {', '.join(fields)}" for key in values.keys() - fields
    ]
    problems += [
        f"source field {key!r} must be a string" for key, value in values.items() if not isinstance(value, str)
    ]
    if problems:
        return None, sorted(problems)
    source = factory(**values)
    match source:
        case PypiSource():
            return source, _pypi_problems(source)
        case GitSource():
            return _checked_git(source, base)
        case PathSource():
            return PathSource(str(_resolved(source.path, base))), []


def _pypi_problems(source: PypiSource) -> list[str]:
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", source.project):
        problems.append(f"project {source.project!r} is not a project name")
    try:
        Version(source.version)
    except InvalidVersion:
        problems.append(f"version {source.version!r} is not one exact version")
    if not re.fullmatch(r"[0-9a-f]{64}", source.sha256):
        problems.append(f"sha256 {source.sha256!r} must be the 64 lower-case hex digits of the sdist's SHA-256")
    return problems


def _checked_git(source: GitSource, base: Path) -> tuple[GitSource, list[str]]:
    problems = []
    if not re.fullmatch(r"[0-9a-f]{40}", source.commit):
        problems.append(f"commit {source.commit!r} must be a full 40-digit commit id; branches and tags move")
    if REMOTE_URL.fullmatch(source.url):
        return source, problems
    if "://" in source.url or "::" in source.url or source.url.startswith("-"):
        return source, [*problems, f"url {source.url!r} must be https, http, ssh, file or a local folder"]
    return GitSource(str(_resolved(source.url, base)), source.commit), problems


def _resolved(path: str, base: Path) -> Path:
    return (base / Path(path).expanduser()).resolve()
