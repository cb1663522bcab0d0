"""Confidence bounds of a metric's mean over queries.

Wilson's score interval (Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1) for proportions, the percentile
bootstrap over queries for everything else.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.evaluation.resampling import RESAMPLES, SEED, resampled_means

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval."""

    low: float
    high: float


def wilson_interval(successes: float, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Two-sided Wilson interval of a proportion.

    Raises:
        ValueError: no trials, or successes outside 0..trials.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return Interval(_wilson(successes, trials, -z), _wilson(successes, trials, z))


def wilson_lower(successes: float, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided lower Wilson bound of a proportion.

    Also used for R@10, whose values lie in [0, 1] but are no coin flips: at a given mean no distribution on [0, 1] has
    a larger variance than the Bernoulli, so that the bound is conservative (`successes` is then the sum of the shares).

    Raises:
        ValueError: no trials, or successes outside 0..trials.
    """
    return _wilson(successes, trials, -NormalDist().inv_cdf(confidence))


def bootstrap_intervals(
    values: NDArray[np.float64], *, confidence: float = CONFIDENCE, seed: int = SEED, resamples: int = RESAMPLES
) -> list[Interval]:
    """Two-sided percentile bootstrap intervals of the column means of `values` (queries, metrics)."""
    means = resampled_means(values, seed=seed, resamples=resamples)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return [Interval(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _wilson(successes: float, trials: int, z: float) -> float:
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials is no proportion")
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return min(1.0, max(0.0, (centre + spread) / (1 + z * z / trials)))
