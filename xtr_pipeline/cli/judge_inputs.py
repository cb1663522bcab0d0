"""What the judge's commands read: the registry, a repo's units, and who proposes candidates."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import polars as pl
import typer
from rich.console import Console

from xtr_pipeline.cli.name_lists import names_in
from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.corpus.fetch_errors import FetchError
from xtr_pipeline.corpus.parts import WINDOW, Window
from xtr_pipeline.corpus.pinned_tree import pinned_tree
from xtr_pipeline.corpus.registry import Registry, RegistryError, SourceRepo, load_registry
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.judge.asking.exchange import EndpointError
from xtr_pipeline.judge.asking.settings import JudgeSettings, load_judge_settings
from xtr_pipeline.judge.importing import LabelledRepos
from xtr_pipeline.judge.newest_checkpoint import newest_checkpoint
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.searcher import Searcher
from xtr_pipeline.retrieval.sources import searcher_for_units

Repos = Annotated[str, typer.Option("--repos", help="Names, with commas between; default: all train and dev repos.")]
Seed = Annotated[int, typer.Option(help="Draws units, queries and orders; the same seed draws the same.")]
Proposers = Annotated[
    str,
    typer.Option(help="Who fills the pools: bm25, base, newest (the newest judged checkpoint), or checkpoint folders."),
]
Units = Annotated[
    int, typer.Option(help="queries, files, areas: most units or files of each repo to ask about.", min=1)
]
Limit = Annotated[int | None, typer.Option(help="grades: at most so many queries of each repo.", min=1)]
PoolSize = Annotated[int, typer.Option(help="Units in a pool.", min=2, max=26)]
Share = Annotated[float, typer.Option(help="second: share of the graded queries to judge again.", min=0, max=1)]
Depth = Annotated[int, typer.Option(help="deeper: first units of each proposer that shall be graded.", min=1)]
Prompts = Annotated[
    str, typer.Option(help="grades, deeper, second: only queries that these prompts asked for, as a1; default: all.")
]
DEFAULT_PROPOSERS = "bm25,base,newest"


def files() -> ProjectFiles:
    """The project that the environment names."""
    return project_files(os.environ)


def registry() -> Registry:
    """The project's registry."""
    return load_registry(files().registry, load_reserved(files().reserved))


def settings() -> JudgeSettings:
    """The project's judge settings."""
    return load_judge_settings(files().judge_settings)


def labelled_repos() -> LabelledRepos:
    """Which repos may be labelled."""
    return LabelledRepos(registry().names("train", "dev"), load_reserved(files().reserved))


def chosen_repos(known: Registry, repos: str) -> tuple[SourceRepo, ...]:
    """The train and dev repos that an option names; ValueError for any other name."""
    names = known.names("train", "dev")
    asked = names_in(repos) or names
    strange = [name for name in asked if name not in names]
    if strange:
        raise ValueError(f"not train or dev repos of the registry: {', '.join(strange)}; it holds {', '.join(names)}")
    return tuple(known.get(name) for name in asked)


def units_of(repo: SourceRepo, window: Window = WINDOW) -> pl.DataFrame:
    """A repo's code units, fetched if need be and cut for a window."""
    tree = pinned_tree(repo, files().home, files().downloads)
    return cut_tree(tree.root, repo.name, tree.version, repo.roots, repo.excludes, window).units


def rankers_of(name: str, units: pl.DataFrame, proposers: str) -> dict[str, tuple[Searcher, Mode]]:
    """The proposers of candidates for one repo, by name; encodes its units where an index is missing."""
    home = files().home
    rankers: dict[str, tuple[Searcher, Mode]] = {}
    for proposer in names_in(proposers):
        if proposer == "bm25":
            rankers[proposer] = (searcher_for_units(units, None, None), "bm25")
            continue
        folder = newest_checkpoint(home) if proposer == "newest" else proposer
        if folder is None:
            continue
        # MLX takes a while to import, and BM25 alone does not need it
        from xtr_pipeline.encoder.checkpoint import load_from

        encoder = load_from(str(folder), home)
        searcher = searcher_for_units(units, encoder, home / "index" / name)
        rankers[proposer if proposer == "base" else encoder.fingerprint[:16]] = (searcher, "semantic")
    return rankers


@contextmanager
def errors_told() -> Iterator[Console]:
    """A console on standard error; what a user can mend is told there in one line, with exit code 2."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        yield console
    except (RegistryError, FetchError, EndpointError, ValueError) as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
