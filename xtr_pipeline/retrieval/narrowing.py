"""MaxSim over a large corpus in two stages: all units by one vector each, then the best of them by all their tokens.

The first stage compares the mean of a query's token vectors with the mean of each unit's (token pooling taken to its
end: Clavié et al. 2024, arXiv 2409.14683). A mean says little about a single word, so that the best of BM25 are looked
at besides: on the three dev repositories the best 512 by the mean alone cost a trained model 0.004 of R@10 (256: 0.017,
and keyword queries 0.056), and nothing with BM25's best 128 (`benchmarks/narrowing_on_dev.py`).

Hybrid mode measures how far the model's scores spread by a sample of units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.maxsim import Floats, maxsim_scores
from xtr_pipeline.retrieval.outlined import Outlined, Rows

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
        sample: Units by which hybrid mode measures the spread of the scores; of 256 its standard error is 4%.
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


def scores_of(
    queries: Sequence[Floats], vectors: Vectors, offsets: NDArray[np.int64], outlined: Outlined, rows: Rows
) -> Floats:
    """MaxSim of some units, with their files' outlines.

    Args:
        queries: One (q_tokens, dim) array a query; lengths weigh its tokens.
        vectors: Of all documents, as for `maxsim_scores`.
        offsets: Of all documents.
        outlined: Which documents are units and which are outlines.
        rows: Which units, `(rows,)`.

    Returns:
        (queries, rows) float32.
    """
    pairs = np.stack([outlined.units[rows], outlined.outlines[rows]])
    documents, place = np.unique(pairs, return_inverse=True)
    own = np.concatenate([[0], np.cumsum(np.diff(offsets)[documents])])
    tokens = np.concatenate([vectors[offsets[number] : offsets[number + 1]] for number in documents])
    exact = maxsim_scores(queries, tokens, own)[:, place.reshape(pairs.shape)]
    return outlined.mix(exact[:, 0], exact[:, 1])


def narrowed_scores(  # noqa: PLR0913, PLR0917 - an index, what its documents are, and which are looked at
    queries: Sequence[Floats],
    vectors: Vectors,
    offsets: NDArray[np.int64],
    means: Floats,
    outlined: Outlined,
    candidates: int,
    besides: Sequence[Rows] | None = None,
) -> Floats:
    """Scores of each query's best `candidates` units; the others lie just below them, in the order of their means.

    They are scores still: a file's second best unit may be none of the candidates.

    Args:
        queries: One (q_tokens, dim) array a query; lengths weigh its tokens.
        vectors: Of all documents, as for `maxsim_scores`.
        offsets: Of all documents.
        means: `unit_means` of them.
        outlined: Which documents are units and which are outlines.
        candidates: Units that are scored by all their tokens, their files' outlines besides.
        besides: For each query, further units that are.

    Returns:
        (queries, units) float32, the others' within `BELOW` of the lowest candidate's.
    """
    units = len(outlined.units)
    if candidates >= units:
        return outlined.mixed(maxsim_scores(queries, vectors, offsets))
    scores = np.empty((len(queries), units), dtype=np.float32)
    for row, query in enumerate(queries):
        coarse = outlined.mixed((means @ query.mean(axis=0))[None])[0]
        chosen = np.argpartition(-coarse, candidates - 1)[:candidates]
        looked_at = np.union1d(chosen, besides[row]) if besides is not None else np.sort(chosen)
        exact = scores_of([query], vectors, offsets, outlined, looked_at)[0]
        lowest = exact[np.isin(looked_at, chosen)].min()
        # a mean of vectors that are 1 long on average is no longer than 1: coarse scores lie between -1 and 1
        scores[row] = lowest - BELOW * (1.5 - coarse) / 2.5
        scores[row, looked_at] = exact
    return scores
