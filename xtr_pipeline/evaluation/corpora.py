"""The repositories that a spec asks about, cut into units: from plain folders, or from the registry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.registry import Registry
from xtr_pipeline.evaluation.queries import EvalQuery, check_relevant
from xtr_pipeline.retrieval.cache_folder import folder_cache
from xtr_pipeline.retrieval.sources import NoUnitsError, folder_units

Tell = Callable[[str], None]


class CorporaError(ValueError):
    """Repositories that a spec asks about and that are not there; the message names all of them."""


@dataclass(frozen=True)
class RepoCorpus:
    """One repository, ready to be indexed."""

    repo: str
    units: pl.DataFrame
    """Of corpus.units.UNIT_SCHEMA."""
    cache: Path
    """Folder of its token indexes."""


def folder_corpora(queries: Sequence[EvalQuery], source_root: Path, home: Path, tell: Tell) -> list[RepoCorpus]:
    """Cut the plain folders `source_root/<repo>`, which need no registry.

    Args:
        queries: the spec; its repos are looked for.
        source_root: holds one folder a repo, under the names that the spec uses.
        home: the run home, for the index cache.
        tell: hears a line for every repo.

    Raises:
        CorporaError: naming every folder that is missing or holds nothing to search.
        SpecError: naming every relevant file that is missing.
    """
    corpora, problems = [], []
    for repo in _repos(queries):
        folder = source_root / repo
        try:
            corpora.append(RepoCorpus(repo, folder_units(folder), folder_cache(home, folder)))
            tell(f"{repo}: {corpora[-1].units.height:,} units")
        except NotADirectoryError:
            problems.append(f"repo {repo!r}: there is no folder {folder}")
        except NoUnitsError as error:
            problems.append(f"repo {repo!r}: {error}")
    return _checked(queries, corpora, problems, f"--source-root {source_root} must hold a folder for each repo")


def registry_corpora(
    queries: Sequence[EvalQuery], registry: Registry, home: Path, downloads: Path, tell: Tell
) -> list[RepoCorpus]:
    """Fetch and cut the registry's pinned repositories; what the run home already holds is used.

    Raises:
        CorporaError: naming every repo that the registry does not hold, or in which there is nothing to search.
        SpecError: naming every relevant file that is missing.
        FetchError: a source cannot be had.
    """
    known = registry.names()
    problems = [f"repo {repo!r} is not in the registry" for repo in _repos(queries) if repo not in known]
    cure = f"the registry holds {', '.join(known)}; add an entry, or give --source-root"
    if problems:
        raise CorporaError(f"{'; '.join(problems)}; {cure}")
    corpora = []
    for repo in (registry.get(name) for name in _repos(queries)):
        tree = pinned_tree(repo, home, downloads)
        units = cut_tree(tree.root, repo.name, tree.version, repo.roots, repo.excludes).units
        if units.is_empty():
            problems.append(f"repo {repo.name!r}: nothing under {', '.join(repo.roots)} is left after its excludes")
        tell(f"{repo.name} {tree.version}: {units.height:,} units")
        corpora.append(RepoCorpus(repo.name, units, home / "index" / repo.name))
    return _checked(queries, corpora, problems, "mend the registry entry")


def _repos(queries: Sequence[EvalQuery]) -> list[str]:
    return list(dict.fromkeys(query.repo for query in queries))


def _checked(
    queries: Sequence[EvalQuery], corpora: list[RepoCorpus], problems: list[str], cure: str
) -> list[RepoCorpus]:
    if problems:
        raise CorporaError(f"{'; '.join(problems)}; {cure}")
    check_relevant(queries, {corpus.repo: set(corpus.units["path"]) for corpus in corpora})
    return corpora
