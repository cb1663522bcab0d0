"""From the scores of units to that of their file: its best unit, some of its second best, less its handicaps.

A unit's own score has a share of that of its file's outline in it already (`outlined`).

The largest of n scores grows with n whether or not one of them is right (with log n where large scores are
exponentially rare; Fisher and Tippett 1928). On three dev repositories a file's mean score over queries about other
projects follows the logarithm of its units (correlation 0.90 to 0.96): ranked by their best units alone, large files
come first whatever is asked. And where two units of a file fit a query, it is less likely that they do by chance.

Tests come before the code that they test (`code_of_tests`), so that they have a handicap too, unless the query asks for
them.

All weights were chosen on three dev repositories and held against five more, that of tests on four
(`benchmarks/README.md`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.retrieval.code_of_tests import asks_for_tests, is_test_file

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreWeights:
    """What counts in the score of a file besides how its best unit matches the query's tokens; 0 leaves it out.

    Attributes:
        salience: Power of a token's salience in the searched corpus (`salience`) by which its weight is multiplied.
        outline: Of the file's outline in the score of each of its units, where the unit itself counts 1.
        size: Of the natural logarithm of the file's number of units, which is taken off.
        second: Share of the second best unit in the score, where the best one has the rest.
        tests: What is taken off the score of a test file where the query does not ask for tests.
    """

    salience: float = 1.0
    outline: float = 0.1
    size: float = 0.015
    second: float = 0.2
    tests: float = 0.03


class Handicaps:
    """What is taken off the score of each unit where files are ranked."""

    def __init__(self, paths: pl.Series, weights: ScoreWeights) -> None:
        """Takes the file of each unit, and what sizes and tests cost."""
        of_tests = paths.is_in(list(filter(is_test_file, paths.unique()))).to_numpy().astype(np.float32)
        self._sizes = size_handicaps(paths, weights.size)
        self._all: NDArray[np.float32] = self._sizes + np.float32(weights.tests) * of_tests

    def of(self, query: str) -> NDArray[np.float32]:
        """`(units,)` for one query."""
        return self._sizes if asks_for_tests(query) else self._all


def size_handicaps(paths: pl.Series, weight: float) -> NDArray[np.float32]:
    """The part of the handicaps that is for files' sizes, `(units,)`.

    Args:
        paths: The file of each unit.
        weight: Of the natural logarithm of the file's units; 0 takes nothing off.
    """
    sizes = pl.DataFrame({"path": paths}).select(pl.len().over("path")).to_series()
    handicaps: NDArray[np.float32] = (weight * np.log(sizes.to_numpy())).astype(np.float32)
    return handicaps


def best_two(scores: Floats, files: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """The best unit of every file, and the score of its second best.

    Args:
        scores: (units,) in descending order.
        files: (units,) number of each unit's file.

    Returns:
        Positions of the best units, by the numbers of their files; scores of the second best, of a file with one unit
        that one's own.
    """
    by_file = np.argsort(files, kind="stable")
    grouped = files[by_file]
    starts = np.flatnonzero(np.concatenate([[True], grouped[1:] != grouped[:-1]])[: len(grouped)])
    best = by_file[starts]
    second = scores[best]
    following = starts + 1
    several = following < np.append(starts[1:], len(grouped))
    second[several] = scores[by_file[following[several]]]
    return best, second
