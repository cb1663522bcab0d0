"""How much each token of a query counts in one corpus: the further its best match there stands out, the more.

A token that every unit matches alike tells no unit from another, however rare it is; one whose best match lies far
above the usual names something that this corpus has. Salience is the standard score of the best match among the units'
(how many standard deviations it lies above their mean); it multiplies the weight that the model gives the token. That
the best scores of a good query stand out among its corpus's is known from query performance prediction (NQC: Shtok et
al. 2012, doi 10.1145/2180868.2180873); here it is asked of each token. What it is worth: `benchmarks/README.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.maxsim import Floats, best_matches

LEAST_SPREAD = 0.01
"""Of cosines: the deviation that a token's matches are taken to have at least."""
LEAST_ABOVE = 1e-4
"""Of cosines: a best match that lies no further above the mean does not stand out, rounding does."""
ALL = slice(None)


def salience(query: Floats, peaks: Floats, usual: Floats, power: float) -> Floats:
    """By how much each token's weight is multiplied; the weights of a query keep their mean.

    Args:
        query: (q_tokens, dim); lengths weigh its tokens.
        peaks: (q_tokens,) similarity of each token's best match in the corpus.
        usual: (q_tokens, units) similarity of its best match in each unit of the corpus, or of a sample.
        power: Of the standard scores; with 0 all tokens keep their weights.

    Returns:
        (q_tokens,), all 1 where no token's best match stands out.
    """
    lengths = np.linalg.norm(query, axis=1).astype(np.float64)
    spread = np.maximum(usual.std(axis=1, dtype=np.float64), LEAST_SPREAD * lengths)
    above = peaks - usual.mean(axis=1, dtype=np.float64)
    stands_out = above > LEAST_ABOVE * lengths
    standing = np.divide(above, spread, out=np.zeros_like(above), where=stands_out)
    if not stands_out.any():
        return np.ones(len(query), dtype=np.float32)
    standing = standing**power
    multipliers: Floats = (standing * (lengths.sum() / (lengths @ standing))).astype(np.float32)
    return multipliers


def salience_among(query: Floats, matches: Floats, power: float) -> Floats:
    """`salience` in a corpus all of whose units are known: (q_tokens, units) `matches` hold the best of them too."""
    return salience(query, matches.max(axis=1), matches, power)


def salient_scores(
    queries: Sequence[Floats],
    vectors: NDArray[np.float16] | Floats,
    offsets: NDArray[np.int64],
    power: float,
    units: NDArray[np.int64] | slice = ALL,
) -> Floats:
    """MaxSim of every document, tokens weighed by the `power` of their salience too.

    Other arguments, result and errors as of `maxsim.maxsim_scores`; similarities of all documents are held at once.

    Args:
        queries: As there.
        vectors: As there.
        offsets: As there.
        power: Of the standard scores.
        units: Documents that salience is measured on; defaults to all.
    """
    scores = np.empty((len(queries), len(offsets) - 1), dtype=np.float32)
    for row, (query, found) in enumerate(zip(queries, best_matches(queries, vectors, offsets), strict=True)):
        scores[row] = salience_among(query, found[:, units], power) @ found / len(query)
    return scores
