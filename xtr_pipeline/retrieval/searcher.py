"""Searching one corpus: queries in, ranked units or files out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.corpus.outlines import document_ids
from xtr_pipeline.retrieval.bm25 import Bm25
from xtr_pipeline.retrieval.file_scores import Handicaps, ScoreWeights
from xtr_pipeline.retrieval.fusion import FusionSettings, fuse
from xtr_pipeline.retrieval.late_interaction import LateInteraction, Scored
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.narrowing import Narrowing
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.ranking import FileHit, Ranker, UnitHit
from xtr_pipeline.retrieval.text_encoder import TextEncoder
from xtr_pipeline.retrieval.token_index import TokenIndex

# Queries that are encoded together. Of a corpus that is scored whole their matches are held at once, of a large one
# BM25's scores in hybrid mode: 64 x 100,000 units is 26 MB.
QUERY_BATCH = 64

Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Found:
    """All that semantic mode finds for one query.

    Attributes:
        query: (q_tokens, dim) the query's token vectors; lengths are the weights that they were scored with.
        units: All units, best first.
        files: All files, best first.
    """

    query: Scores
    units: list[UnitHit]
    files: list[FileHit]


class Searcher:
    """Ranks the units and files of one corpus in all modes; bm25 mode works without an encoder."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a searcher
        self,
        units: pl.DataFrame,
        index: TokenIndex | None,
        bm25: Bm25,
        encoder: TextEncoder | None,
        fusion: FusionSettings | None = None,
        narrowing: Narrowing | None = None,
        weights: ScoreWeights | None = None,
    ) -> None:
        """Takes parts that belong together; `retrieval.sources` makes them.

        Args:
            units: Code units sorted by unit id, of one repository.
            index: Token vectors of exactly these units and, where outlines have a weight, their files' outlines
                (`corpus.outlines.with_outlines`); None for bm25 mode only.
            bm25: Over these units' rendered texts, in the same order.
            encoder: The model of the index; None for bm25 mode only.
            fusion: How hybrid mode weighs its sides; defaults to `FusionSettings()`.
            narrowing: How many units of a large corpus semantic and hybrid mode score by all their tokens; defaults to
                `Narrowing()`.
            weights: What counts in the model's modes besides how units match; defaults to `ScoreWeights()`.

        Raises:
            ValueError: The parts do not belong together.
        """
        self.units = units
        self.index = index
        self.bm25 = bm25
        self.encoder = encoder
        self.fusion = fusion or FusionSettings()
        self.weights = weights or ScoreWeights()
        _check_parts(units, index, bm25, encoder, outlines=self.weights.outline > 0)
        self.model = None
        if index is not None:
            outlined = Outlined.of(index.unit_ids, units, self.weights.outline)
            self.model = LateInteraction(index.vectors, index.offsets, outlined, self.weights.salience, narrowing)
        self._handicaps = Handicaps(units["path"], self.weights)
        self._ranker = Ranker(tuple(units["unit_id"]), tuple(units["path"]))

    def rank_units(self, query: str, mode: Mode, k: int) -> list[UnitHit]:
        """The best `k` units for one query, ties by unit id; fewer where bm25 mode matches fewer."""
        return self.rank_units_many([query], mode, k)[0]

    def rank_files(self, query: str, mode: Mode, k: int) -> list[FileHit]:
        """The best `k` files for one query, ties by path; the model's modes score them as `file_scores` has it."""
        return self.rank_files_many([query], mode, k)[0]

    def rank_units_many(self, queries: Sequence[str], mode: Mode, k: int) -> list[list[UnitHit]]:
        """`rank_units` for many queries, scored in batches.

        Raises:
            ValueError: A blank query, k below 1, or a mode that needs an encoder in a searcher without one.
        """
        self._check_request(queries, mode, k)
        return [self._ranker.units(scores, found, k) for scores, found in self._scored(queries, mode, None)]

    def rank_files_many(self, queries: Sequence[str], mode: Mode, k: int) -> list[list[FileHit]]:
        """`rank_files` for many queries, scored in batches; raises as `rank_units_many` does."""
        self._check_request(queries, mode, k)
        scored = self._scored(queries, mode, self._handicaps)
        second = 0.0 if mode == "bm25" else self.weights.second
        return [self._ranker.files(scores, found, k, second) for scores, found in scored]

    def found(self, queries: Sequence[str]) -> Iterator[Found]:
        """Yields units, files and weights of tokens for every query: what `rank_files` ranks by, scored once.

        Raises:
            ValueError: As `rank_units_many` does.
        """
        self._check_request(queries, "semantic", 1)
        everything, count = np.ones(len(self.units), dtype=np.bool_), len(self.units)
        for query, scored in zip(queries, self.scored(queries), strict=True):
            fair = scored.units - self._handicaps.of(query)
            files = self._ranker.files(fair, everything, count, self.weights.second)
            yield Found(scored.query, self._ranker.units(scored.units, everything, count), files)

    def _scored(
        self, queries: Sequence[str], mode: Mode, handicaps: Handicaps | None
    ) -> Iterator[tuple[Scores, NDArray[np.bool_]]]:
        """Yields, query by query, the `(units,)` scores and which units are results at all.

        Handicaps are taken off the model's scores; BM25 knows no size but that of its texts, and no tests.
        """
        everything = np.ones(len(self.units), dtype=np.bool_)
        for begin in range(0, len(queries), QUERY_BATCH):
            batch = queries[begin : begin + QUERY_BATCH]
            if mode == "bm25":
                yield from ((scores, scores > 0) for scores in map(self.bm25.scores, batch))
                continue
            losses = [0.0 if handicaps is None else handicaps.of(query) for query in batch]
            if mode == "hybrid":
                yield from ((scores, everything) for scores in self._fused(batch, losses))
            else:
                scored = zip(self._semantic(batch, mode), losses, strict=True)
                yield from ((scores - loss, everything) for scores, loss in scored)

    def scored(self, queries: Sequence[str]) -> Iterator[Scored]:
        """Yields the model's own scores of the units for every query: what semantic mode ranks by."""
        model, vectors = self._model(queries)
        yield from model.scored(vectors, map(self.bm25.scores, queries))

    def _semantic(self, queries: Sequence[str], mode: Mode) -> Iterator[Scores]:
        """Yields the model's scores for every query: XTR's, or MaxSim's."""
        if mode != "xtr":
            return (scored.units for scored in self.scored(queries))
        model, vectors = self._model(queries)
        return model.xtr(vectors)

    def _fused(self, queries: Sequence[str], losses: Sequence[Scores | float]) -> Iterator[Scores]:
        """Yields MaxSim less each query's handicaps, fused with BM25, for every query."""
        model, vectors = self._model(queries)
        keyword = [self.bm25.scores(query) for query in queries]
        scored = model.scored(vectors, keyword)
        for query, found, own, loss in zip(queries, keyword, scored, losses, strict=True):
            yield fuse(found, self.bm25.ceiling(query), own.units - loss, self.fusion, own.spread)

    def _model(self, queries: Sequence[str]) -> tuple[LateInteraction, list[Scores]]:
        """The model's side and the queries' vectors."""
        assert self.model is not None and self.encoder is not None
        return self.model, self.encoder.encode_queries(list(queries))

    def _check_request(self, queries: Sequence[str], mode: Mode, k: int) -> None:
        """Raises ValueError with everything wrong about a request."""
        problems = [f"query {position} is blank" for position, query in enumerate(queries) if not query.strip()]
        if k < 1:
            problems.append(f"k must be at least 1, not {k}")
        if mode != "bm25" and (self.encoder is None or self.index is None):
            problems.append(f"{mode} mode needs an encoder and a token index; this searcher has bm25 only")
        if problems:
            raise ValueError("; ".join(problems))


def _check_parts(
    units: pl.DataFrame, index: TokenIndex | None, bm25: Bm25, encoder: TextEncoder | None, *, outlines: bool
) -> None:
    """Raises ValueError with every reason why the parts are not of one corpus and one model."""
    problems = []
    if units["repo"].n_unique() > 1:
        problems.append(f"units of {units['repo'].n_unique()} repositories, whose paths could be mistaken")
    if not units["unit_id"].is_sorted() or units["unit_id"].n_unique() != len(units):
        problems.append("unit ids are not sorted and unique")
    if bm25.documents != len(units):
        problems.append(f"BM25 holds {bm25.documents} texts for {len(units)} units")
    if (index is None) != (encoder is None):
        problems.append("a token index and an encoder only work together")
    if index is not None and list(index.unit_ids) != document_ids(units, outlines=outlines):
        problems.append("the token index is of other units")
    if index is not None and encoder is not None and index.model != encoder.fingerprint:
        problems.append(f"the token index was made by model {index.model}, the encoder is {encoder.fingerprint}")
    if problems:
        raise ValueError("; ".join(problems))
