"""MaxSim over a large corpus in two stages: all units by one vector each, then the best of them by all their tokens.

The first stage compares the mean of a query's token vectors with the mean of each unit's (token pooling taken to its
end: Clavié et al. 2024, arXiv 2409.14683). A mean says little about a single word, so that the best of BM25 are looked
at besides: on three dev repositories the best 512 by the mean alone cost a trained model 0.010 of R@10 (256: 0.022,
and keyword queries 0.059), and 0.003 with BM25's best 128 (`benchmarks/narrowing_on_dev.py`).

How scores spread, and how units usually match a token, is measured on a sample of units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.maxsim import Floats
from xtr_pipeline.retrieval.outlined import Rows

Vectors = NDArray[np.float16] | Floats
BELOW = 0.01
SEED = 2409


@dataclass(frozen=True)
class Narrowing:
    """How many units the second stage looks at.

    Attributes:
        exact_units: Corpora of up to so many units are scored whole.
        least: Candidates at least.
        share: Candidates as a share of the units, on top of `least`.
        keywords: Units that BM25 puts first and that the second stage looks at besides.
        sample: Units on which means and standard deviations are measured; of 256 the latter's standard error is 4%.
    """

    exact_units: int = 2_048
    least: int = 512
    share: float = 0.02
    keywords: int = 128
    sample: int = 256

    def candidates(self, units: int) -> int:
        """How many of `units` units are scored by all their tokens."""
        return units if units <= self.exact_units else min(units, self.least + round(self.share * units))

    def found(self, keyword: Floats) -> Rows:
        """The units that BM25 puts first, by its scores `(units,)`; none that it does not find."""
        most = min(self.keywords, len(keyword))
        best = np.argpartition(-keyword, most - 1)[:most] if most else np.empty(0, dtype=np.int64)
        return best[keyword[best] > 0]

    def sampled(self, units: int) -> Rows:
        """The sampled units of a corpus of `units`: always the same ones."""
        drawn = np.random.default_rng(SEED).choice(units, size=min(self.sample, units), replace=False)
        return np.sort(drawn).astype(np.int64)


def unit_means(vectors: Vectors, offsets: NDArray[np.int64], rows: int = 1 << 16) -> Floats:
    """The mean of each unit's token vectors, scaled to length 1.

    Args:
        vectors: (total_tokens, dim), back to back.
        offsets: (units + 1,); unit `i` owns rows `offsets[i]:offsets[i + 1]`, at least one.
        rows: Token vectors that are widened to float32 at a time (more for a single unit that is longer).

    Returns:
        (units, dim) float32.
    """
    means = np.empty((len(offsets) - 1, vectors.shape[1]), dtype=np.float32)
    begin = 0
    while begin < len(means):
        end = max(begin + 1, int(np.searchsorted(offsets, offsets[begin] + rows, side="right")) - 1)
        block = vectors[offsets[begin] : offsets[end]].astype(np.float32, copy=False)
        means[begin:end] = np.add.reduceat(block, offsets[begin:end] - offsets[begin], axis=0)
        begin = end
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return means


def candidates_of(coarse: Floats, candidates: int) -> Rows:
    """The units with the best coarse scores, in no order."""
    best: Rows = np.argpartition(-coarse, candidates - 1)[:candidates]
    return best


def filled(coarse: Floats, looked_at: Rows, exact: Floats, chosen: Rows) -> Floats:
    """Scores of all units: of those looked at as they are; the others' just below the lowest candidate's.

    They are scores still: a file's second best unit may be none of the candidates.

    Args:
        coarse: (units,) scores of all units by their means, between -1 and 1.
        looked_at: Units that were scored by all their tokens.
        exact: (looked_at,) their scores.
        chosen: Those of them that are candidates by their means; what BM25 found besides moves no other unit.

    Returns:
        (units,) float32, the others' within `BELOW` of the lowest candidate's and in the order of their means.
    """
    lowest = exact[np.isin(looked_at, chosen)].min()
    # a mean of vectors that are 1 long on average is no longer than 1: coarse scores lie between -1 and 1
    scores: Floats = (lowest - BELOW * (1.5 - coarse) / 2.5).astype(np.float32)
    scores[looked_at] = exact
    return scores
