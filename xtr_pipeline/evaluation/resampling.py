"""Bootstrap resamples of query-level values.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. Queries are the unit that is resampled;
queries of one repository resemble each other, so that the spread over NEW repositories is wider than these show.
"""

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
SEED = 2304

_CELLS_AT_ONCE = 4_000_000


def resampled_means(
    values: NDArray[np.float64], *, seed: int = SEED, resamples: int = RESAMPLES
) -> NDArray[np.float64]:
    """Means of `values` over queries drawn with replacement.

    The draw depends on the seed and the number of queries only, so that two systems over the same queries in the same
    order see the same resamples, and values that are nowhere smaller give means that are nowhere smaller.

    Args:
        values: (queries, metrics).
        seed: seed of the draw.
        resamples: how many means.

    Returns:
        (resamples, metrics).

    Raises:
        ValueError: no queries, or values that are not finite.
    """
    queries, metrics = values.shape
    if queries == 0 or not np.isfinite(values).all():
        raise ValueError(
            f"cannot resample {queries} queries with {int((~np.isfinite(values)).sum())} values not finite"
        )
    random = np.random.default_rng(seed)
    means = np.empty((resamples, metrics))
    columns = np.ascontiguousarray(values.T)
    block = max(1, _CELLS_AT_ONCE // queries)
    for start in range(0, resamples, block):
        drawn = random.integers(0, queries, size=(min(block, resamples - start), queries))
        # column by column: 7 times as fast as gathering rows on 10,000 x 480 x 5
        means[start : start + len(drawn)] = np.stack([column[drawn].mean(axis=1) for column in columns], axis=1)
    return means
