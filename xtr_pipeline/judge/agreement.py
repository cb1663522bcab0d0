"""How far two judgings of the same pairs agree, beyond chance (Cohen 1960; weighted: Cohen 1968)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.judge.records import GRADES, POSITIVE_GRADE


@dataclass(frozen=True)
class Agreement:
    """Kappas of the first against the second judging over `pairs` pairs; None where they are undefined.

    Attributes:
        pairs: Pairs that were judged twice under one rubric.
        kappa: Unweighted, on five grades.
        kappa_quadratic: Disagreements weighted by the squared distance of the grades.
        kappa_binary: On "graded 4 or better".
        mean_shift: Mean of second minus first grade; the leniency of the second.
    """

    pairs: int
    kappa: float | None
    kappa_quadratic: float | None
    kappa_binary: float | None
    mean_shift: float | None


def judged_twice(grades: pl.DataFrame) -> pl.DataFrame:
    """Pairs judged twice under one rubric: query_id, unit_hash, repo, rubric_version, first, second.

    Where several judges judged at the same turn, the alphabetically first counts, so that a pair counts once.
    """
    key = ["query_id", "unit_hash", "rubric_version"]
    ordered = grades.sort("judge").unique([*key, "judging"], keep="first", maintain_order=True)
    first = ordered.filter(pl.col("judging") == 1).select(*key, "repo", first="grade")
    second = ordered.filter(pl.col("judging") == 2).select(*key, second="grade")
    return first.join(second, on=key, how="inner").sort(key)


def measure_agreement(grades: pl.DataFrame) -> Agreement:
    """Agreement of first and second judgings in a frame of grade records."""
    pairs = judged_twice(grades)
    if pairs.is_empty():
        return Agreement(0, None, None, None, None)
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    table = _confusion(first, second, np.array(GRADES))
    distance = np.subtract.outer(np.array(GRADES), np.array(GRADES)).astype(np.float64)
    positive = np.array([0, 1])
    binary = _confusion((first >= POSITIVE_GRADE) * 1, (second >= POSITIVE_GRADE) * 1, positive)
    return Agreement(
        pairs=len(first),
        kappa=cohen_kappa(table, (distance != 0).astype(np.float64)),
        kappa_quadratic=cohen_kappa(table, distance**2),
        kappa_binary=cohen_kappa(binary, np.array([[0.0, 1.0], [1.0, 0.0]])),
        mean_shift=float((second.astype(np.float64) - first).mean()),
    )


def cohen_kappa(table: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    """1 - observed / expected weighted disagreement of a (grades, grades) confusion table; None if none is expected."""
    shares = table / table.sum()
    expected = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    by_chance = float((weights * expected).sum())
    return None if by_chance == 0 else 1.0 - float((weights * shares).sum()) / by_chance


def _confusion(first: NDArray[np.int_], second: NDArray[np.int_], labels: NDArray[np.int_]) -> NDArray[np.float64]:
    return np.array(
        [[np.sum((first == row) & (second == column)) for column in labels] for row in labels], dtype=np.float64
    )
