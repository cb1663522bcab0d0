"""From scores to ranks: units, and files by their best unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    """A file in a ranking, with the score and the id of its best unit."""

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

    def files(self, scores: NDArray[np.float32], eligible: NDArray[np.bool_], k: int) -> list[FileHit]:
        """The best `k` files, by (score of the best eligible unit descending, path)."""
        rounded, order = _order(scores, eligible)
        best: dict[str, int] = {}
        floor = -np.inf
        for unit in order:
            if rounded[unit] < floor:
                break
            best.setdefault(self.paths[unit], int(unit))
            if len(best) >= k and floor == -np.inf:
                # files that tie with the k-th must still be seen: the path decides among them
                floor = rounded[unit]
        hits = [FileHit(path, float(rounded[unit]), self.unit_ids[unit]) for path, unit in best.items()]
        return sorted(hits, key=lambda hit: (-hit.score, hit.path))[:k]


def _order(scores: NDArray[np.float32], eligible: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rounded scores, and the eligible positions by (score descending, position)."""
    rounded: NDArray[np.float64] = scores.astype(np.float64).round(SCORE_DECIMALS)
    positions = np.flatnonzero(eligible)
    return rounded, positions[np.argsort(-rounded[positions], kind="stable")]
