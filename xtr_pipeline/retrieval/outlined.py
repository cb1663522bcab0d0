"""Scores of units that know their file: each unit's own score, and a share of that of its file's outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.corpus.outlines import outline_id

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Outlined:
    """Which documents of an index are units, and which is the outline of each unit's file.

    Attributes:
        units: (units,) rows of the units among the documents.
        outlines: (units,) rows of their files' outlines.
        weight: Of an outline's score beside the unit's own.
    """

    units: Rows
    outlines: Rows
    weight: float

    @classmethod
    def of(cls, documents: Sequence[str], units: pl.DataFrame, weight: float) -> Self:
        """Find units and outlines by their ids.

        Args:
            documents: Ids of an index's documents: `corpus.outlines.with_outlines` of the units, or these alone where
                the weight is 0; each then stands for its own outline.
            units: Code units.
            weight: Of an outline's score.
        """
        row = {name: number for number, name in enumerate(documents)}
        own = np.array([row[name] for name in units["unit_id"]], dtype=np.int64)
        if not weight:
            return cls(own, own, weight)
        files = units.select("repo", "path").iter_rows()
        return cls(own, np.array([row[outline_id(*file)] for file in files], dtype=np.int64), weight)

    def mixed(self, scores: Floats) -> Floats:
        """Scores of documents (queries, documents) to scores of units (queries, units), on the same scale."""
        return self.mix(scores[:, self.units], scores[:, self.outlines])

    def mix(self, own: Floats, of_outline: Floats) -> Floats:
        """(own + weight * of_outline) / (1 + weight)."""
        return np.asarray((own + self.weight * of_outline) / (1 + self.weight), dtype=np.float32)
