"""The registry of source repositories (`data/repos.toml`): loading it, and refusing what must not be in it."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtr_pipeline.corpus.path_source import content_sha256
from xtr_pipeline.corpus.registry_entry import parse_entry
from xtr_pipeline.corpus.repository_address import parse_address, resolve_address
from xtr_pipeline.corpus.reserved import normalise_name, reserved_component
from xtr_pipeline.corpus.source_repo import GitSource, PathSource, PypiSource, Role, Source, SourceRepo

__all__ = [
    "GitSource",
    "PathSource",
    "PypiSource",
    "Registry",
    "RegistryError",
    "Role",
    "Source",
    "SourceRepo",
    "load_registry",
    "source_fingerprint",
]


class RegistryError(ValueError):
    """The registry cannot be used; the message holds everything that is wrong with it, one line a problem."""


@dataclass(frozen=True)
class Registry:
    """All source repositories, in the order of the file."""

    repos: tuple[SourceRepo, ...]

    def get(self, name: str) -> SourceRepo:
        """Returns the repo of that name.

        Raises:
            RegistryError: There is none; the message lists the names that exist.
        """
        for repo in self.repos:
            if repo.name == name:
                return repo
        msg = f"no repo {name!r} in the registry; it holds: {', '.join(self.names()) or 'nothing'}"
        raise RegistryError(msg)

    def names(self, *roles: Role) -> tuple[str, ...]:
        """Returns the names of the repos with one of the roles (every repo when none is given), in file order."""
        return tuple(repo.name for repo in self.repos if not roles or repo.role in roles)


def load_registry(path: Path, reserved: frozenset[str]) -> Registry:
    """Loads and checks the registry.

    Args:
        path: The TOML file; its head comment documents the fields. Local paths in it are relative to its folder.
        reserved: Normalised names that no train or dev entry may use (see `reserved.load_reserved`).

    Raises:
        RegistryError: The file is missing, is no TOML, or holds entries that are wrong; every problem is named.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{path} does not exist; it should list the source repositories as [[repo]] tables"
        raise RegistryError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} is not valid TOML: {error}"
        raise RegistryError(msg) from error
    repos, problems = _parse_entries(document, path.parent)
    problems += _duplicate_problems(repos)
    problems += _reserved_problems(repos, reserved)
    problems += _overlap_problems(repos)
    if problems:
        msg = f"{path} has {len(problems)} problem(s):\n" + "\n".join(f"- {problem}" for problem in problems)
        raise RegistryError(msg)
    return Registry(tuple(repos))


def source_fingerprint(repo: SourceRepo) -> str:
    """Returns the address of what `repo` fetches: its entry, and for a path source the selected files' content.

    Raises:
        FetchError: A path source's folder is missing or no file in it is selected.
    """
    if not isinstance(repo.source, PathSource):
        return repo.fingerprint()
    return hashlib.sha256(f"{repo.fingerprint()}\n{content_sha256(repo)}".encode()).hexdigest()


def _parse_entries(document: dict[str, Any], base: Path) -> tuple[list[SourceRepo], list[str]]:
    problems = [f"unknown top-level key {key!r}; only [[repo]] tables are known" for key in document if key != "repo"]
    entries = document.get("repo", [])
    if not isinstance(entries, list) or not entries:
        return [], [*problems, "there is no [[repo]] table"]
    repos = []
    for number, entry in enumerate(entries, start=1):
        repo, entry_problems = parse_entry(entry, base)
        name = entry.get("name") if isinstance(entry, dict) else None
        problems += [f"repo {name or f'number {number}'!r}: {problem}" for problem in entry_problems]
        if repo is not None:
            repos.append(repo)
    return repos, problems


def _duplicate_problems(repos: list[SourceRepo]) -> list[str]:
    seen: dict[str, str] = {}
    problems = []
    for repo in repos:
        key = normalise_name(repo.name)
        if key in seen:
            problems.append(f"repo {repo.name!r}: the name is already taken by {seen[key]!r}")
        seen[key] = repo.name
    return problems


def _place(source: Source) -> str:
    """Where the code comes from, such that two entries with the same project have the same place."""
    match source:
        case PypiSource(project=project):
            return normalise_name(project)
        case GitSource(url=url):
            return str(resolve_address(url))
        case PathSource(path=path):
            return str(resolve_address(path))


def _aliases(repo: SourceRepo) -> tuple[str, ...]:
    """Every name and address that tells which project a repo is."""
    if isinstance(repo.source, PypiSource):
        return repo.name, repo.source.project
    written = repo.source.url if isinstance(repo.source, GitSource) else repo.source.path
    place = _place(repo.source)
    is_folder = place.startswith("/")
    return (repo.name, written, place) if is_folder else (repo.name, written)


def _reserved_problems(repos: list[SourceRepo], reserved: frozenset[str]) -> list[str]:
    problems = []
    for repo in (repo for repo in repos if repo.role != "eval"):
        found = {component: alias for alias in _aliases(repo) if (component := reserved_component(alias, reserved))}
        for component, alias in found.items():
            where = repr(component) if alias == component else f"{component!r} in {str(parse_address(alias))!r}"
            problems.append(
                f"repo {repo.name!r}: {where} is the name {normalise_name(component)!r}, which is reserved for "
                f"evaluation and must not have the role {repo.role!r}"
            )
    return problems


def _overlap_problems(repos: list[SourceRepo]) -> list[str]:
    """One project under two roles, or twice under one, would be trained on and measured with, or counted twice."""
    owners: dict[str, SourceRepo] = {}
    problems = []
    for repo in repos:
        place = _place(repo.source)
        other = owners.setdefault(place, repo)
        if other is not repo and normalise_name(other.name) != normalise_name(repo.name):
            problems.append(f"repo {repo.name!r}: {place!r} is the same project as repo {other.name!r}")
    return problems
