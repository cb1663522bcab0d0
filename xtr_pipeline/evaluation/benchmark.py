"""A whole spec over all of its repositories, one after the other so that one index is in memory at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from xtr_pipeline.evaluation.corpora import RepoCorpus
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.progress import OnProgress
from xtr_pipeline.retrieval.sources import searcher_for_units
from xtr_pipeline.retrieval.text_encoder import TextEncoder


@dataclass(frozen=True)
class System:
    """What is evaluated: a model in a mode. bm25 mode has no model."""

    name: str
    mode: Mode
    encoder: TextEncoder | None

    def __post_init__(self) -> None:
        """Refuse a system that cannot rank.

        Raises:
            ValueError: semantic or hybrid mode without an encoder.
        """
        if self.encoder is None and self.mode != "bm25":
            raise ValueError(f"{self.mode} mode needs a model")


def evaluate_corpora(
    queries: Sequence[EvalQuery],
    corpora: Sequence[RepoCorpus],
    system: System,
    listen: Callable[[RepoCorpus], OnProgress] | None = None,
) -> pl.DataFrame:
    """Index every repository, run its queries, score the ranked files.

    Args:
        queries: the spec.
        corpora: all of its repositories.
        system: what ranks; its name goes into the frame.
        listen: gives, for a repository whose index is about to be built, who hears how far it is.

    Returns:
        A frame of metrics.PER_QUERY_SCHEMA in the order of `queries`.

    Raises:
        ValueError: a repository of the spec is not among `corpora`.
    """
    missing = sorted({query.repo for query in queries} - {corpus.repo for corpus in corpora})
    if missing:
        raise ValueError(f"no corpus for {', '.join(missing)}")
    encoder = None if system.mode == "bm25" else system.encoder
    runs = []
    for corpus in corpora:
        asked = [query for query in queries if query.repo == corpus.repo]
        if asked:
            searcher = searcher_for_units(corpus.units, encoder, corpus.cache, listen(corpus) if listen else None)
            runs.append(evaluate_searcher(searcher, asked, system.mode, system.name))
    order = pl.DataFrame({"query_id": [query.id for query in queries]})
    frame = pl.concat(runs)
    return order.join(frame, on="query_id", how="left", maintain_order="left").select(frame.columns)
