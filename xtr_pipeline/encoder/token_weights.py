"""How much each token of a query counts in MaxSim: rare tokens more than those that stand in every unit.

Garg et al. 2025 (arXiv 2511.16106): a weighted mean over the query's tokens in place of the plain one, with the inverse
document frequency as weight. A query's vectors are scaled to the lengths of their weights, so that everything that
takes a mean over query tokens weighs them without knowing of it; documents and their index stay as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.tokenising import TokenIds

Weights = NDArray[np.float32]


def inverse_document_frequency(documents: TokenIds, vocabulary: int) -> Weights:
    """Weight of every token of the vocabulary by how few documents hold it, `(vocabulary,)`, all above 0.

    log(1 + (N - n + 0.5) / (n + 0.5)) for a token in n of N documents, as BM25 has it (Robertson and Zaragoza 2009).

    Args:
        documents: Ids of the documents.
        vocabulary: Number of ids.

    Raises:
        ValueError: When there are no documents.
    """
    if not len(documents):
        raise ValueError("token weights need at least one document to count tokens in")
    holding = np.zeros(vocabulary)
    for place in range(len(documents)):
        holding[np.unique(documents[place])] += 1
    weights: Weights = np.log1p((len(documents) - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    return weights


def shares(weights: Weights, queries: TokenIds, kept: NDArray[np.bool_]) -> Weights:
    """How much each token of each query counts: 0 for those not kept, on average over a query's kept tokens 1.

    Args:
        weights: (vocabulary,).
        queries: Ids of the queries.
        kept: (total_tokens,) which tokens give a vector; at least one of each query.

    Returns:
        (total_tokens,).
    """
    own = np.where(kept, weights[queries.ids], 0)
    if not len(own):
        return own
    starts = queries.offsets[:-1]
    means = np.add.reduceat(own, starts) / np.add.reduceat(kept.astype(np.float32), starts)
    scaled: Weights = (own / np.repeat(means, queries.lengths)).astype(np.float32)
    return scaled
