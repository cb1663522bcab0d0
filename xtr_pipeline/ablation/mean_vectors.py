"""Single-vector retrieval with the same encoder: one vector a unit, the mean of its token vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xtr_pipeline.encoder.token_vectors import mean_directions
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.narrowing import unit_means
from xtr_pipeline.retrieval.ranking import FileHit, Ranker
from xtr_pipeline.retrieval.searcher import Searcher


class MeanVectorSearcher:
    """Ranks files by the cosine of mean vectors; what bi-encoders do, for comparison with MaxSim."""

    def __init__(self, searcher: Searcher) -> None:
        """Takes the index and the encoder of a searcher.

        Raises:
            ValueError: The searcher has bm25 mode only.
        """
        if searcher.index is None or searcher.encoder is None or searcher.model is None:
            raise ValueError("single-vector retrieval needs an encoder and a token index")
        self._encoder = searcher.encoder
        self._means = unit_means(searcher.index.vectors, searcher.index.offsets)[searcher.model.outlined.units]
        self._ranker = Ranker(tuple(searcher.units["unit_id"]), tuple(searcher.units["path"]))

    def rank_files_many(self, queries: Sequence[str], mode: Mode, k: int) -> list[list[FileHit]]:
        """The best `k` files for every query by their best unit; `mode` has no say."""
        del mode
        scores = mean_directions(self._encoder.encode_queries(list(queries))) @ self._means.T
        everything = np.ones(len(self._means), dtype=np.bool_)
        return [self._ranker.files(row.astype(np.float32), everything, k) for row in scores]
