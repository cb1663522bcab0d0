"""Ratios from pairs of timings that were taken side by side, so that a busy machine slows both of a pair."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Ours divided by theirs over pairs: below 1 ours is faster.

    Attributes:
        median: Of the pairs' ratios.
        low, high: The smallest and the largest of them.
        ours, theirs: Median seconds of each.
        pairs: How many.
    """

    median: float
    low: float
    high: float
    ours: float
    theirs: float
    pairs: int


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The ratio of timings, pair by pair.

    Raises:
        ValueError: No pairs, or not as many of one as of the other.
    """
    if not ours or len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} timings of ours and {len(theirs)} of theirs make no pairs")
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Ratio(
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        statistics.median(ours),
        statistics.median(theirs),
        len(ratios),
    )


def alternate(
    ours: Callable[[int], float], theirs: Callable[[int], float], pairs: int, warm_up: int
) -> tuple[list[float], list[float]]:
    """Time both in turn, and let the two take turns at going first; the first `warm_up` pairs are thrown away.

    Args:
        ours: Takes the number of the pair and returns seconds.
        theirs: The same for the other side.
        pairs: How many to keep.
        warm_up: How many to do before.
    """
    kept: tuple[list[float], list[float]] = ([], [])
    for number in range(warm_up + pairs):
        first_ours = number % 2 == 0
        a = ours(number) if first_ours else None
        b = theirs(number)
        a = ours(number) if a is None else a
        if number >= warm_up:
            kept[0].append(a)
            kept[1].append(b)
    return kept
