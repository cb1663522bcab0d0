"""From a searcher and queries to the per-query frame."""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from xtr_pipeline.evaluation.metrics import Hit, ranked_paths, score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.modes import Mode

DEPTH = 1000
"""How many files are ranked for a query: deep enough that MRR and the rank of a missed file are exact for a repo."""


class FileSearcher(Protocol):
    """What evaluation needs of a searcher over one repo."""

    def rank_files_many(self, queries: Sequence[str], mode: Mode, k: int) -> Sequence[Sequence[Hit]]:
        """Rank the repo's files for every query text; at most `k` hits each."""


def evaluate_searcher(
    searcher: FileSearcher, queries: Sequence[EvalQuery], mode: Mode, model_name: str
) -> pl.DataFrame:
    """Run all queries of one repo through its searcher and score the ranked files.

    Args:
        searcher: searches the one repo that the queries are about.
        queries: queries of one repo.
        mode: bm25, semantic or hybrid.
        model_name: goes into the frame's `model` column.

    Returns:
        A frame of metrics.PER_QUERY_SCHEMA.

    Raises:
        ValueError: the queries are about several repos, or the searcher answered another number of queries.
        RankingError: a score is NaN or a path is ranked twice.
    """
    repos = sorted({query.repo for query in queries})
    if len(repos) > 1:
        raise ValueError(f"a searcher covers one repo, the queries are about {', '.join(repos)}: evaluate each apart")
    answers = searcher.rank_files_many([query.query for query in queries], mode, DEPTH)
    if len(answers) != len(queries):
        raise ValueError(f"{len(queries)} queries were asked in {', '.join(repos)}, {len(answers)} were answered")
    rankings = {query.id: ranked_paths(hits) for query, hits in zip(queries, answers, strict=True)}
    return score_rankings(queries, rankings, model=model_name, mode=mode)
