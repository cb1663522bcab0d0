"""Exact late interaction: the mean over query tokens of the largest similarity to any document token (MaxSim).

Khattab & Zaharia 2020 (arXiv 2004.12832, section 3.3), as a mean instead of a sum so that scores of short and long
queries share one scale: -1 to 1. A query vector's length is how much its token counts (`encoder.token_weights`), on
average over a query 1; with unit vectors all count alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class MaxSimBlocks:
    """How much is computed at once; changes memory and speed, never the scores.

    Attributes:
        block_bytes: Upper limit for one block's float32 document vectors and similarities. Only a single
            document that is larger than this exceeds it.
        query_tokens: Most query tokens multiplied at once; more queries than that go in several rounds.
    """

    block_bytes: int = 16 * 2**20
    query_tokens: int = 1024


def maxsim_scores(
    queries: Sequence[Floats],
    vectors: NDArray[np.float16] | Floats,
    offsets: NDArray[np.int64],
    blocks: MaxSimBlocks | None = None,
) -> Floats:
    """Scores every document for every query.

    Args:
        queries: One `(q_tokens, dim)` array a query; lengths weigh its tokens.
        vectors: `(total_tokens, dim)` unit vectors of all documents, back to back; may be memory-mapped float16,
            one block at a time is widened to float32.
        offsets: `(documents + 1,)`; document `i` owns rows `offsets[i]:offsets[i + 1]`, at least one.
        blocks: Memory limits, defaults to `MaxSimBlocks()`.

    Returns:
        `(queries, documents)` float32.

    Raises:
        ValueError: Shapes do not fit, or a query or a document has no tokens.
    """
    check_shapes(queries, vectors, offsets)
    limits = blocks or MaxSimBlocks()
    scores = np.empty((len(queries), len(offsets) - 1), dtype=np.float32)
    for first, last in query_rounds(queries, limits.query_tokens):
        starts = _starts(queries[first:last])
        counts = np.array([len(query) for query in queries[first:last]], dtype=np.float32)
        for begin, end, best in _blocks_of_matches(queries[first:last], vectors, offsets, limits):
            scores[first:last, begin:end] = np.add.reduceat(best, starts, axis=0) / counts[:, None]
    return scores


def best_matches(
    queries: Sequence[Floats],
    vectors: NDArray[np.float16] | Floats,
    offsets: NDArray[np.int64],
    blocks: MaxSimBlocks | None = None,
) -> list[Floats]:
    """What `maxsim_scores` takes the mean of: for each query the `(q_tokens, documents)` largest similarities.

    Arguments and errors as there; unlike there, the similarities of all documents are held at once.
    """
    check_shapes(queries, vectors, offsets)
    limits = blocks or MaxSimBlocks()
    found: list[Floats] = []
    for first, last in query_rounds(queries, limits.query_tokens):
        own = queries[first:last]
        matches = np.empty((sum(map(len, own)), len(offsets) - 1), dtype=np.float32)
        for begin, end, best in _blocks_of_matches(own, vectors, offsets, limits):
            matches[:, begin:end] = best
        found += np.split(matches, _starts(own)[1:])
    return found


def _blocks_of_matches(
    queries: Sequence[Floats],
    vectors: NDArray[np.float16] | Floats,
    offsets: NDArray[np.int64],
    limits: MaxSimBlocks,
) -> Iterator[tuple[int, int, Floats]]:
    """Yields a range of documents, and the largest similarity in each of every token of all queries."""
    stacked = np.concatenate(queries).astype(np.float32, copy=False)
    for begin, end in _document_blocks(offsets, vectors.shape[1], len(stacked), limits.block_bytes):
        rows = vectors[offsets[begin] : offsets[end]].astype(np.float32, copy=False)
        yield begin, end, np.maximum.reduceat(stacked @ rows.T, offsets[begin:end] - offsets[begin], axis=1)


def _starts(queries: Sequence[Floats]) -> NDArray[np.int64]:
    """Row at which each query begins once they are stacked."""
    return np.concatenate([[0], np.cumsum([len(query) for query in queries])[:-1]]).astype(np.int64)


def query_rounds(queries: Sequence[Floats], most_tokens: int) -> Iterator[tuple[int, int]]:
    """Yields ranges of consecutive queries with at most `most_tokens` tokens, or a single query."""
    first, tokens = 0, 0
    for position, query in enumerate(queries):
        if position > first and tokens + len(query) > most_tokens:
            yield first, position
            first, tokens = position, 0
        tokens += len(query)
    if queries:
        yield first, len(queries)


def _document_blocks(
    offsets: NDArray[np.int64], dim: int, query_tokens: int, block_bytes: int
) -> Iterator[tuple[int, int]]:
    """Yields ranges of consecutive documents whose rows and similarities fit the limit, or a single document."""
    most_rows = max(1, block_bytes // (4 * (dim + query_tokens)))
    begin, documents = 0, len(offsets) - 1
    while begin < documents:
        end = int(np.searchsorted(offsets, offsets[begin] + most_rows, side="right")) - 1
        end = min(max(end, begin + 1), documents)
        yield begin, end
        begin = end


def check_shapes(queries: Sequence[Floats], vectors: NDArray[np.floating], offsets: NDArray[np.int64]) -> None:
    """Raises ValueError with everything that does not fit."""
    problems = []
    if vectors.ndim != 2:
        problems.append(f"document vectors have shape {vectors.shape} instead of (total_tokens, dim)")
    if len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != len(vectors):
        problems.append(f"offsets must run from 0 to the {len(vectors)} document tokens")
    elif (np.diff(offsets) < 1).any():
        problems.append(f"document {int(np.argmax(np.diff(offsets) < 1))} has no tokens")
    for position, query in enumerate(queries):
        if query.ndim != 2 or len(query) < 1 or query.shape[1] != vectors.shape[-1]:
            problems.append(f"query {position} has shape {query.shape} instead of (1 or more, {vectors.shape[-1]})")
    if problems:
        raise ValueError("; ".join(problems))
