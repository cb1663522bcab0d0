"""Paired significance between two systems over the same queries.

The paired bootstrap of Sakai, Evaluating Evaluation Metrics based on the Bootstrap (SIGIR 2006), in its percentile
form: the one-sided p is the share of resampled mean differences on the other side of zero. Unlike the form centred on
the null it never calls a system worse because one of its queries became better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.resampling import RESAMPLES, SEED, resampled_means

# thirds and quarters do not add up to an exact zero in floating point
_ZERO = 1e-12


class UnpairedError(ValueError):
    """Two runs that are not over the same queries; the message names what is missing where."""


@dataclass(frozen=True)
class PairedTest:
    """Mean difference (first minus second), with one-sided p values of being worse and of being better."""

    difference: float
    p_worse: float
    p_better: float

    @property
    def p_different(self) -> float:
        """The two-sided p."""
        return min(1.0, 2 * min(self.p_worse, self.p_better))


def paired_bootstrap(
    first: NDArray[np.float64], second: NDArray[np.float64], *, seed: int = SEED, resamples: int = RESAMPLES
) -> list[PairedTest]:
    """Test the column means of two (queries, metrics) arrays whose rows are the same queries.

    p values are (1 + count) / (1 + resamples), so that none is 0 (Davison and Hinkley 1997, section 4.2).

    Raises:
        ValueError: shapes differ, no queries, or values that are not finite.
    """
    if first.shape != second.shape:
        raise ValueError(f"paired values must have one shape, not {first.shape} and {second.shape}")
    differences = first - second
    means = resampled_means(differences, seed=seed, resamples=resamples)
    worse = (1 + (means >= -_ZERO).sum(axis=0)) / (1 + resamples)
    better = (1 + (means <= _ZERO).sum(axis=0)) / (1 + resamples)
    return [
        PairedTest(float(d), float(w), float(b))
        for d, w, b in zip(differences.mean(axis=0), worse, better, strict=True)
    ]


def compare_runs(
    first: pl.DataFrame,
    second: pl.DataFrame,
    *,
    metrics: Sequence[str] = METRICS,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> dict[str, PairedTest]:
    """Test two per-query frames over the same queries, metric by metric.

    Raises:
        UnpairedError: the frames hold different queries, or one twice.
    """
    left, right = pair_runs(first, second)
    tests = paired_bootstrap(
        left.select(metrics).to_numpy(), right.select(metrics).to_numpy(), seed=seed, resamples=resamples
    )
    return dict(zip(metrics, tests, strict=True))


def pair_runs(first: pl.DataFrame, second: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both frames with their rows in the same order, by query id.

    Raises:
        UnpairedError: the frames hold different queries, or one twice.
    """
    problems = []
    for name, frame, other in (("first", first, second), ("second", second, first)):
        twice = frame.filter(frame["query_id"].is_duplicated())["query_id"].unique().sort().to_list()
        if twice:
            problems.append(f"the {name} run holds queries twice: {', '.join(twice)}")
        lacking = sorted(set(other["query_id"]) - set(frame["query_id"]))
        if lacking:
            problems.append(f"the {name} run lacks {len(lacking)} queries: {', '.join(lacking[:10])}")
    if problems:
        raise UnpairedError("; ".join(problems))
    return first.sort("query_id"), second.sort("query_id")
