"""One dense vector a text, the mean of its token vectors: what bi-encoders compare.

MaxSim asks whether each word of a query has a counterpart; the dense vectors ask whether the two texts are about the
same thing, so that one shared rare word does not carry a whole text. A model may mix both, as BGE-M3 does (Chen et al.
2024, arXiv 2402.03216, section 3.2), with the weight that it was trained with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.maxsim import Floats, maxsim_scores

Vectors = NDArray[np.float16] | Floats


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


def dense_scores(queries: Sequence[Floats], means: Floats) -> Floats:
    """Cosine of each query's mean vector with each unit's.

    Args:
        queries: One (q_tokens, dim) array a query; lengths weigh its tokens.
        means: `unit_means`, (units, dim).

    Returns:
        (queries, units) float32, -1 to 1.
    """
    asked = np.array([query.mean(axis=0) for query in queries]).reshape(-1, means.shape[1])
    lengths = np.maximum(np.linalg.norm(asked, axis=1, keepdims=True), 1e-12)
    return np.asarray((asked / lengths) @ means.T, dtype=np.float32)


def mixed_scores(maxsim: Floats, dense: Floats, dense_weight: float) -> Floats:
    """(maxsim + dense_weight * dense) / (1 + dense_weight): -1 to 1 as both are."""
    return np.asarray((maxsim + dense_weight * dense) / (1 + dense_weight), dtype=np.float32)


def model_scores(
    queries: Sequence[Floats],
    vectors: Vectors,
    offsets: NDArray[np.int64],
    dense_weight: float,
    means: Floats | None = None,
) -> Floats:
    """A model's score of every unit for every query: MaxSim, mixed with the dense vectors where the model weighs them.

    Args:
        queries: As for `maxsim_scores`.
        vectors: As for `maxsim_scores`.
        offsets: As for `maxsim_scores`.
        dense_weight: Of the cosine of mean vectors beside MaxSim; 0 is MaxSim alone.
        means: `unit_means`, where the caller has them.

    Returns:
        (queries, units) float32, -1 to 1.
    """
    exact = maxsim_scores(queries, vectors, offsets)
    if not dense_weight or not queries:
        return exact
    known = unit_means(vectors, offsets) if means is None else means
    return mixed_scores(exact, dense_scores(queries, known), dense_weight)
