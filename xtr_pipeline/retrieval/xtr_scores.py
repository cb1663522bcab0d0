"""XTR's scoring: only token vectors that a query token retrieved count, the others are imputed (Lee et al. 2023).

arXiv 2304.01982, section 3.2: each query token retrieves its k' most similar document tokens of the whole corpus. A
document's similarity for a query token is the largest among its retrieved tokens; where none was retrieved, it is at
most the k'-th similarity, which is put in its place. No document is gathered or scored a second time. Where an index
holds outlines of files besides units, the tokens of both compete for the k'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.maxsim import Floats, check_shapes, query_rounds

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class XtrSettings:
    """How much is retrieved, and how much is held at once.

    Attributes:
        k_prime: Document tokens that each query token retrieves; at most all there are, which makes it MaxSim.
        block_bytes: Upper limit for one block's float32 document vectors and similarities.
        query_tokens: Most query tokens multiplied at once.
    """

    k_prime: int = 4_000
    block_bytes: int = 16 * 2**20
    query_tokens: int = 256

    def __post_init__(self) -> None:
        if self.k_prime < 1:
            raise ValueError(f"k_prime is {self.k_prime}: every query token must retrieve at least one document token")


def xtr_scores(
    queries: Sequence[Floats],
    vectors: NDArray[np.float16] | Floats,
    offsets: NDArray[np.int64],
    settings: XtrSettings | None = None,
) -> Floats:
    """Scores every document for every query; arguments, result and errors as in `maxsim.maxsim_scores`.

    Documents that no token of a query retrieved share the lowest score, the mean of its tokens' k'-th similarities.
    """
    check_shapes(queries, vectors, offsets)
    limits = settings or XtrSettings()
    scores = np.empty((len(queries), len(offsets) - 1), dtype=np.float32)
    for first, last in query_rounds(queries, limits.query_tokens):
        stacked = np.concatenate(queries[first:last]).astype(np.float32, copy=False)
        similarities, tokens = _retrieve(stacked, vectors, limits)
        row = 0
        for number in range(first, last):
            until = row + len(queries[number])
            scores[number] = _imputed(similarities[row:until], tokens[row:until], offsets)
            row = until
    return scores


def _retrieve(
    query_tokens: Floats, vectors: NDArray[np.float16] | Floats, limits: XtrSettings
) -> tuple[Floats, Indices]:
    """The k' most similar document tokens of each query token, in no order: similarities and rows, `(q_tokens, k')`."""
    k = min(limits.k_prime, len(vectors))
    best = np.empty((len(query_tokens), 0), dtype=np.float32)
    rows = np.empty((len(query_tokens), 0), dtype=np.int64)
    for begin, end in _row_blocks(len(vectors), vectors.shape[1], len(query_tokens), limits.block_bytes):
        found = query_tokens @ vectors[begin:end].astype(np.float32, copy=False).T
        best = np.concatenate([best, found], axis=1)
        rows = np.concatenate([rows, np.broadcast_to(np.arange(begin, end), found.shape)], axis=1)
        if best.shape[1] > k:
            kept = np.argpartition(best, -k, axis=1)[:, -k:]
            best, rows = np.take_along_axis(best, kept, axis=1), np.take_along_axis(rows, kept, axis=1)
    return best, rows


def _imputed(similarities: Floats, tokens: Indices, offsets: NDArray[np.int64]) -> Floats:
    """One query's scores, `(documents,)`, from what its tokens retrieved."""
    missing = similarities.min(axis=1)
    gains = np.zeros(len(offsets) - 1, dtype=np.float32)
    documents = np.searchsorted(offsets, tokens, side="right") - 1
    for found, of_document, floor in zip(similarities, documents, missing, strict=True):
        order = np.lexsort((found, of_document))
        ranked = of_document[order]
        # the last of each document's run is its most similar token
        last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        gains[ranked[last]] += found[order][last] - floor
    scores: Floats = (gains + missing.sum()) / np.float32(len(similarities))
    return scores


def _row_blocks(rows: int, dim: int, query_tokens: int, block_bytes: int) -> Iterator[tuple[int, int]]:
    most = max(1, block_bytes // (4 * (dim + query_tokens)))
    for begin in range(0, rows, most):
        yield begin, min(rows, begin + most)
