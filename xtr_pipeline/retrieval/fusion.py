"""Fusing keyword and semantic scores of one query into one order.

Plain reciprocal rank fusion gives BM25's order the same say as the model's, whatever the query. Measured on our
evaluation queries it dropped semantic R@10 from 0.71 to 0.58: a query that shares no words with the answer still has a
BM25 top ten. The score-level variant therefore asks how much of the query BM25 has found at all.

On the written queries of the dev repositories (214 conceptual, 94 questions, 63 keyword; base encoder, R@10, by
`benchmarks/modes_on_dev.py`) plain rank fusion takes conceptual queries from 0.444 to 0.369. With scores nothing moves
by more than noise up to weight 4: conceptual 0.444 -> 0.453 at weight 1 and 0.439 at 4, questions 0.511 -> 0.511 and
0.543, keyword 1.000 throughout (P@1 0.905 -> 0.921).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class FusionSettings:
    """How hybrid mode weighs its two sides.

    Attributes:
        method: `score` adds BM25's share of its ceiling to the semantic score, in units of how far those scores
            spread; `rrf` adds reciprocal ranks (Cormack, Clarke & Buettcher 2009).
        bm25_weight: What BM25 counts against the semantic side's 1; 0 is semantic mode. With `score`, the unit is
            standard deviations of the semantic scores: a text that reaches BM25's ceiling gains this many.
        rrf_k: The constant of reciprocal rank fusion; only `rrf` reads it.
    """

    method: Literal["score", "rrf"] = "score"
    bm25_weight: float = 1.0
    rrf_k: int = 60

    def __post_init__(self) -> None:
        if self.method not in {"score", "rrf"} or self.bm25_weight < 0 or self.rrf_k < 0:
            msg = f"fusion needs method score or rrf, bm25_weight >= 0 and rrf_k >= 0, got {self}"
            raise ValueError(msg)


def fuse(bm25: Floats, ceiling: float, semantic: Floats, settings: FusionSettings, spread: float) -> Floats:
    """Fuses the scores of one query over the same documents.

    MaxSim's spread differs between models (a trained head spreads wider than an untrained one), so a weight on raw
    scores would have to be found anew for every checkpoint.

    Args:
        bm25: `(documents,)`, 0 where no query token occurs.
        ceiling: Upper bound of `bm25` for this query (`Bm25.ceiling`).
        semantic: `(documents,)` MaxSim scores.
        settings: Method and weight.
        spread: Standard deviation of the query's MaxSim scores over all documents, or over a sample.

    Returns:
        `(documents,)`; larger is better, comparable within the query only.
    """
    if settings.method == "rrf":
        return reciprocal_rank_fusion(bm25, semantic, settings)
    share = bm25 / ceiling if ceiling > 0 else np.zeros_like(bm25)
    # where all scores are alike, BM25 alone decides
    unit = spread if spread >= LEAST_SPREAD else 1.0
    return (semantic + settings.bm25_weight * unit * share).astype(np.float32)


def reciprocal_rank_fusion(bm25: Floats, semantic: Floats, settings: FusionSettings) -> Floats:
    """Sums `1 / (k + rank)` over both sides; documents without any query token get nothing from BM25."""
    from_bm25 = np.where(bm25 > 0, 1.0 / (settings.rrf_k + competition_ranks(bm25)), 0.0)
    from_model = 1.0 / (settings.rrf_k + competition_ranks(semantic))
    return np.asarray(from_model + settings.bm25_weight * from_bm25, dtype=np.float32)


def competition_ranks(scores: Floats) -> NDArray[np.int64]:
    """Rank of each score, the best is 1; equal scores share the best of their ranks, so input order never counts."""
    ascending = np.sort(-scores)
    return np.searchsorted(ascending, -scores, side="left").astype(np.int64) + 1
