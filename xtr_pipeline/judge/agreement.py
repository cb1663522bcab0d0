"""How far two judgings of the same pairs agree, beyond chance (Cohen 1960; weighted: Cohen 1968).

Bounds are percentile bootstraps over queries, not over pairs: the pairs of one query were graded in one list, and stand
or fall together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.judge.records import GRADES, POSITIVE_GRADE

RESAMPLES = 2_000
SEED = 2304
_BOUNDS = (0.025, 0.975)


@dataclass(frozen=True)
class Kappa:
    """A kappa with its two-sided 95% bounds; all None where there is nothing to disagree about."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Agreement:
    """The first against the second judging over `pairs` pairs of `queries` queries.

    Attributes:
        pairs: Pairs that were judged twice under one rubric.
        queries: Queries that they belong to.
        kappa: Unweighted, on five grades.
        kappa_quadratic: Disagreements weighted by the squared distance of the grades.
        kappa_binary: On "graded 4 or better".
        mean_shift: Mean of second minus first grade; the leniency of the second.
    """

    pairs: int
    queries: int
    kappa: Kappa
    kappa_quadratic: Kappa
    kappa_binary: Kappa
    mean_shift: float | None


def judged_twice(grades: pl.DataFrame) -> pl.DataFrame:
    """Pairs judged twice under one rubric: query_id, unit_hash, repo, and of both judgings grade and position.

    Where several judges judged at the same turn, the alphabetically first counts, so that a pair counts once.
    """
    key = ["query_id", "unit_hash", "rubric_version"]
    ordered = grades.sort("judge").unique([*key, "judging"], keep="first", maintain_order=True)
    first = ordered.filter(pl.col("judging") == 1).select(*key, "repo", first="grade", first_position="position")
    second = ordered.filter(pl.col("judging") == 2).select(*key, second="grade", second_position="position")
    return first.join(second, on=key, how="inner").sort(key)


def measure_agreement(grades: pl.DataFrame) -> Agreement:
    """Agreement of first and second judgings in a frame of grade records."""
    return agreement_of(judged_twice(grades))


def agreement_of(pairs: pl.DataFrame) -> Agreement:
    """Agreement over pairs as `judged_twice` gives them."""
    if pairs.is_empty():
        nothing = Kappa(None, None, None)
        return Agreement(0, 0, nothing, nothing, nothing, None)
    first, second = pairs["first"].to_numpy() - GRADES[0], pairs["second"].to_numpy() - GRADES[0]
    _, query = np.unique(pairs["query_id"].to_numpy(), return_inverse=True)
    tables = np.zeros((int(query.max()) + 1, len(GRADES), len(GRADES)))
    np.add.at(tables, (query, first, second), 1.0)
    distance = np.subtract.outer(np.array(GRADES), np.array(GRADES)).astype(np.float64)
    binary = _folded(tables)
    return Agreement(
        pairs=pairs.height,
        queries=len(tables),
        kappa=_kappa(tables, (distance != 0).astype(np.float64)),
        kappa_quadratic=_kappa(tables, distance**2),
        kappa_binary=_kappa(binary, np.array([[0.0, 1.0], [1.0, 0.0]])),
        mean_shift=float((second.astype(np.float64) - first).mean()),
    )


def cohen_kappa(tables: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 - observed / expected weighted disagreement of confusion tables; NaN where none is expected.

    Args:
        tables: Counts, `(..., grades, grades)`.
        weights: Disagreement of each cell, `(grades, grades)`.

    Returns:
        One kappa a table, `(...)`.
    """
    shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
    expected = shares.sum(axis=-1)[..., :, None] * shares.sum(axis=-2)[..., None, :]
    by_chance = (weights * expected).sum(axis=(-2, -1))
    observed = (weights * shares).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(by_chance > 0, 1.0 - observed / by_chance, np.nan)


def _kappa(tables: NDArray[np.float64], weights: NDArray[np.float64]) -> Kappa:
    """Kappa of the tables' sum, with bounds over resampled queries. `tables`: (queries, grades, grades)."""
    value = float(cohen_kappa(tables.sum(axis=0), weights))
    if np.isnan(value):
        return Kappa(None, None, None)
    random = np.random.default_rng(SEED)
    queries = len(tables)
    drawn = random.multinomial(queries, np.full(queries, 1 / queries), size=RESAMPLES).astype(np.float64)
    resampled = np.tensordot(drawn, tables, axes=1)
    low, high = np.nanquantile(cohen_kappa(resampled, weights), _BOUNDS)
    return Kappa(value, float(low), float(high))


def _folded(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Five grades as two: below `POSITIVE_GRADE`, and from there on."""
    cut = GRADES.index(POSITIVE_GRADE)
    rows = np.stack([tables[:, :cut].sum(axis=1), tables[:, cut:].sum(axis=1)], axis=1)
    return np.stack([rows[..., :cut].sum(axis=2), rows[..., cut:].sum(axis=2)], axis=2)
