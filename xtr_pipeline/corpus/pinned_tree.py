"""Where a repository's source tree lies in the run storage: one address for graph, commands and benchmarks."""

from __future__ import annotations

from pathlib import Path

from xtr_pipeline.corpus.fetching import SourceTree, fetch_tree
from xtr_pipeline.corpus.registry import source_fingerprint
from xtr_pipeline.corpus.source_repo import SourceRepo


def pinned_tree(repo: SourceRepo, home: Path, downloads: Path) -> SourceTree:
    """The tree of a repository as its entry pins it, fetched unless it is there already.

    Args:
        repo: Entry of the registry.
        home: Run storage; the tree lies in `sources/<name>/<fingerprint>`.
        downloads: Where archives are kept.

    Raises:
        FetchError: As `fetch_tree`, or when a path source's folder is missing.
    """
    return fetch_tree(repo, home / "sources" / repo.name / source_fingerprint(repo)[:16], downloads)
