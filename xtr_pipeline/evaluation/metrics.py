"""Per-query retrieval metrics, computed by ir_measures.

Files are the unit of retrieval and relevance is binary. R@10 is the share of a query's relevant files in the top 10,
MRR the reciprocal rank of the first relevant file at any depth, P@1 and Success@10 are 0 or 1. A query without any
result counts 0 in every metric.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import ir_measures
import polars as pl
from ir_measures import RR, P, Qrel, R, ScoredDoc, Success, nDCG

from xtr_pipeline.evaluation.queries import EvalQuery

METRICS = ("R@10", "P@1", "MRR", "nDCG@10", "Success@10")
"""Names as columns and report keys, in the order in which they are shown."""

PROPORTIONS = ("P@1", "Success@10")
"""The metrics that are 0 or 1 for a query, so that a binomial bound applies."""

SHOWN_RANKS = 10

PER_QUERY_SCHEMA = pl.Schema(
    {
        "model": pl.String(),
        "mode": pl.String(),
        "query_id": pl.String(),
        "repo": pl.String(),
        "kind": pl.String(),
        **{metric: pl.Float64() for metric in METRICS},
        "first_rank": pl.Int32(),
        "ranked": pl.List(pl.String()),
    }
)
"""One row a query: its metrics, the 1-based rank of the first relevant file (null: not found), the top 10 paths."""

_NAMES = {R @ 10: "R@10", P @ 1: "P@1", RR: "MRR", nDCG @ 10: "nDCG@10", Success @ 10: "Success@10"}


class RankingError(ValueError):
    """Rankings that no metric can be computed from; the message lists every problem."""


class Hit(Protocol):
    """A ranked file."""

    @property
    def path(self) -> str:
        """Path inside the repo's folder."""

    @property
    def score(self) -> float:
        """Higher is better."""


def ranked_paths(hits: Sequence[Hit]) -> list[str]:
    """Order hits by (score descending, path), so that ties never depend on insertion order.

    Raises:
        RankingError: a score is NaN, which has no place in an order.
    """
    broken = [hit.path for hit in hits if math.isnan(hit.score)]
    if broken:
        raise RankingError(f"score is NaN for {', '.join(broken[:5])}: the index or the encoder is broken")
    return [hit.path for hit in sorted(hits, key=lambda hit: (-hit.score, hit.path))]


def score_rankings(
    queries: Sequence[EvalQuery], rankings: Mapping[str, Sequence[str]], *, model: str, mode: str
) -> pl.DataFrame:
    """Score ranked files against the relevant ones.

    Args:
        queries: the queries that count, with or without a ranking.
        rankings: query id to paths, best first. A query that is missing or empty counts 0.
        model: name of the model, for the frame.
        mode: retrieval mode, for the frame.

    Returns:
        A frame of PER_QUERY_SCHEMA, one row a query in the order of `queries`.

    Raises:
        RankingError: duplicate query ids, rankings of unknown queries, or a path ranked twice.
    """
    _check_rankings(queries, rankings)
    qrels = [Qrel(query.id, path, 1) for query in queries for path in query.relevant]
    # ranks instead of scores: trec_eval keeps float32 scores and breaks the ties that this makes by descending id
    run = [
        ScoredDoc(query.id, path, float(-rank))
        for query in queries
        for rank, path in enumerate(rankings.get(query.id, ()))
    ]
    values: dict[str, dict[str, float]] = {query.id: {} for query in queries}
    for result in ir_measures.iter_calc(list(_NAMES), qrels, run):
        values[result.query_id][_NAMES[result.measure]] = float(result.value)
    rows = [
        {
            "model": model,
            "mode": mode,
            "query_id": query.id,
            "repo": query.repo,
            "kind": query.kind,
            **values[query.id],
            "first_rank": _first_rank(query, rankings.get(query.id, ())),
            "ranked": list(rankings.get(query.id, ()))[:SHOWN_RANKS],
        }
        for query in queries
    ]
    return pl.DataFrame(rows, schema=PER_QUERY_SCHEMA)


def _first_rank(query: EvalQuery, ranking: Sequence[str]) -> int | None:
    return next((rank for rank, path in enumerate(ranking, start=1) if path in query.relevant), None)


def _check_rankings(queries: Sequence[EvalQuery], rankings: Mapping[str, Sequence[str]]) -> None:
    ids = [query.id for query in queries]
    problems = []
    if len(set(ids)) < len(ids):
        problems.append(f"query ids occur twice: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))}")
    unknown = sorted(set(rankings) - set(ids))
    if unknown:
        problems.append(f"rankings of queries that were not asked: {', '.join(unknown)}")
    for query_id, ranking in rankings.items():
        if len(set(ranking)) < len(ranking):
            problems.append(f"query {query_id!r}: a path is ranked twice; rank files, not units")
    if problems:
        raise RankingError("; ".join(problems))
