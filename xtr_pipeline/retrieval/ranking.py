"""From scores to ranks: units, and files by their best units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.file_scores import best_two

# Below this, float32 sums differ with the order in which BLAS adds. Rounding makes a rank independent of how many
# queries were scored together and on which machine; what is equal then is ordered by id.
SCORE_DECIMALS = 6


@dataclass(frozen=True)
class UnitHit:
    """A unit in a ranking; `score` is comparable within one query and mode only."""

    unit_id: str
    path: str
    score: float


@dataclass(frozen=True)
class FileHit:
    """A file in a ranking, with its score and the id of its best unit."""

    path: str
    score: float
    unit_id: str


@dataclass(frozen=True, eq=False)
class Ranker:
    """Ranks fixed units, given in the order of their ids.

    Attributes:
        unit_ids: Sorted, unique.
        paths: File of each unit.
    """

    unit_ids: tuple[str, ...]
    paths: tuple[str, ...]

    def units(self, scores: NDArray[np.float32], eligible: NDArray[np.bool_], k: int) -> list[UnitHit]:
        """The best `k` eligible units, by (score descending, unit id)."""
        rounded, order = _order(scores, eligible)
        return [UnitHit(self.unit_ids[unit], self.paths[unit], float(rounded[unit])) for unit in order[:k]]

    @cached_property
    def _files(self) -> tuple[list[str], NDArray[np.int64]]:
        """The files by path, and the number of each unit's file among them."""
        names, numbers = np.unique(np.array(self.paths, dtype=object), return_inverse=True)
        return names.tolist(), numbers

    def files(
        self, scores: NDArray[np.float32], eligible: NDArray[np.bool_], k: int, second_weight: float = 0.0
    ) -> list[FileHit]:
        """The best `k` files, by (score descending, path).

        Args:
            scores: (units,).
            eligible: (units,) which units are results at all.
            k: How many files at most.
            second_weight: A file's score is this share of that of its second best eligible unit, and the rest of the
                best one's.
        """
        rounded, order = _order(scores, eligible)
        names, numbers = self._files
        best, second = best_two(rounded[order], numbers[order])
        units = order[best]
        total = ((1 - second_weight) * rounded[units] + second_weight * second).round(SCORE_DECIMALS)
        first = np.lexsort((numbers[units], -total))[:k]
        return [
            FileHit(names[numbers[unit]], float(score), self.unit_ids[unit])
            for unit, score in zip(units[first].tolist(), total[first].tolist(), strict=True)
        ]


def _order(scores: NDArray[np.float32], eligible: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rounded scores, and the eligible positions by (score descending, position)."""
    rounded: NDArray[np.float64] = scores.astype(np.float64).round(SCORE_DECIMALS)
    positions = np.flatnonzero(eligible)
    return rounded, positions[np.argsort(-rounded[positions], kind="stable")]
