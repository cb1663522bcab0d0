"""XTR's training scores: a document token counts only where the query token would have retrieved it.

Lee et al. 2023 (arXiv 2304.01982, section 3.1). MaxSim lets a token that no search would ever retrieve lift its
document; here the whole mini-batch stands for the corpus, and only the k_train most similar tokens in it take part.
"""

from __future__ import annotations

from collections.abc import Sequence

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.training.losses import MASKED

Tile = tuple[mx.array, mx.array]


def retrieved_scores(queries: Tile, documents: Sequence[Tile], k_train: int) -> mx.array:
    """Score queries against every document of a batch by the document tokens that their tokens retrieve.

    score(q, d) = 1 / Z * sum over the query's tokens of the largest cosine to a retrieved token of d, where Z is the
    number of query tokens that retrieved one of d's tokens. No gradient flows through the choice of what is retrieved.

    Args:
        queries: Unit vectors (queries, q_tokens, dim) and which of them count (queries, q_tokens).
        documents: Per tile the unit vectors (documents, d_tokens, dim) and which of them count (documents, d_tokens):
            the whole batch, since they compete.
        k_train: Document tokens that a query token retrieves; at most all there are, which makes it MaxSim.

    Returns:
        (queries, documents of all tiles) float32 in [-1, 1]; 0 where nothing of a document was retrieved.
    """
    vectors, counted = queries
    rows, q_tokens, dim = vectors.shape
    flat = vectors.reshape(-1, dim)
    similarities = []
    for document_vectors, document_counted in documents:
        found = flat @ document_vectors.reshape(-1, dim).T
        # in float32: rounding would make ties at the threshold, and retrieve more than k_train
        similarities.append(mx.where(document_counted.reshape(-1) > 0, found.astype(mx.float32), MASKED))
    threshold = _kth_largest(mx.concatenate(similarities, axis=1), k_train)
    present = (counted > 0).astype(mx.float32)[:, :, None]
    scores = []
    for (document_vectors, _), found in zip(documents, similarities, strict=True):
        count, d_tokens = document_vectors.shape[:2]
        kept = mx.where(found >= threshold, found, MASKED).reshape(rows, q_tokens, count, d_tokens).max(axis=-1)
        retrieved = (kept > MASKED).astype(mx.float32) * present
        total = (mx.where(retrieved > 0, kept, 0.0)).sum(axis=1)
        scores.append(total / mx.maximum(retrieved.sum(axis=1), 1.0))
    return mx.concatenate(scores, axis=1)


def _kth_largest(similarities: mx.array, k: int) -> mx.array:
    """(query tokens, document tokens) -> (query tokens, 1)."""
    fixed = mx.stop_gradient(similarities)
    return mx.topk(fixed, min(k, similarities.shape[1]), axis=1).min(axis=1, keepdims=True)
