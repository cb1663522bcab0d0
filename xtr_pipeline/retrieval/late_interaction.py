"""The model's scores of a corpus's units: MaxSim by salient tokens, files' outlines, and large corpora narrowed.

A small corpus is scored whole. Of a large one only the candidates are (`narrowing`): a query token's best match is then
the best among these and a sample of the units, and how the corpus usually matches it is measured on the sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.maxsim import Floats, best_matches, query_rounds
from xtr_pipeline.retrieval.narrowing import Narrowing, Vectors, candidates_of, filled, unit_means
from xtr_pipeline.retrieval.outlined import Outlined, Rows
from xtr_pipeline.retrieval.salience import salience, salience_among
from xtr_pipeline.retrieval.xtr_scores import xtr_scores

# Widening float16 takes five times as long as the product that follows, so that a small index is widened once and kept.
WIDENED_BYTES = 256 * 2**20
# Query tokens whose matches with all documents are held at once: over 100,000 units 100 MB.
XTR_TOKENS = 256


@dataclass(frozen=True, eq=False)
class Scored:
    """One query's scores.

    Attributes:
        query: (q_tokens, dim) its token vectors; lengths are the weights that they were scored with.
        units: (units,) larger is better.
        spread: Standard deviation of the scores, over a sample of the units where the corpus is narrowed.
    """

    query: Floats
    units: Floats
    spread: float


@dataclass(frozen=True, eq=False)
class _Gathered:
    """Some units with their files' outlines: token vectors and offsets, each document once, and (2, rows) where."""

    tokens: Vectors
    offsets: NDArray[np.int64]
    place: Rows

    def matches(self, query: Floats) -> tuple[Floats, Floats]:
        """The best match of each of a query's tokens in the units, and in their outlines: (q_tokens, rows) each."""
        found = best_matches([query], self.tokens, self.offsets)[0]
        return found[:, self.place[0]], found[:, self.place[1]]


class LateInteraction:
    """Scores the units of one corpus by the token vectors of its index."""

    def __init__(
        self,
        vectors: Vectors,
        offsets: NDArray[np.int64],
        outlined: Outlined,
        power: float,
        narrowing: Narrowing | None = None,
    ) -> None:
        """Takes an index and what its documents are.

        Args:
            vectors: (total_tokens, dim) unit vectors of all documents, back to back.
            offsets: (documents + 1,); document `i` owns rows `offsets[i]:offsets[i + 1]`, at least one.
            outlined: Which documents are units, and which the outlines of their files.
            power: Of the tokens' salience; with 0 they have the weights that the queries give them.
            narrowing: How many units of a large corpus are scored by all their tokens; defaults to `Narrowing()`.
        """
        self.outlined, self.power = outlined, power
        self.narrowing = narrowing or Narrowing()
        self._stored, self._offsets = vectors, offsets

    def scored(self, queries: Sequence[Floats], keyword: Iterable[Floats]) -> Iterator[Scored]:
        """Yields the scores for each query.

        Args:
            queries: One (q_tokens, dim) array a query; lengths weigh its tokens.
            keyword: BM25's scores of the units for each query; read only where the corpus is narrowed.
        """
        units = len(self.outlined.units)
        candidates = self.narrowing.candidates(units)
        if candidates == units:
            matches = best_matches(queries, self.vectors, self._offsets)
            yield from map(self._whole, queries, matches)
        else:
            for query, found in zip(queries, map(self.narrowing.found, keyword), strict=True):
                yield self._narrowed(query, candidates, found)

    def xtr(self, queries: Sequence[Floats]) -> Iterator[Floats]:
        """Yields XTR's scores of all units for each query, `(units,)`, by weights that are measured on all units.

        These take a pass over all documents of their own: XTR is here to be compared with, not to be faster.
        """
        for first, last in query_rounds(queries, XTR_TOKENS):
            some = queries[first:last]
            found = [matches[:, self.outlined.units] for matches in best_matches(some, self.vectors, self._offsets)]
            weights = [salience_among(query, best, self.power) for query, best in zip(some, found, strict=True)]
            weighed = [query * weight[:, None] for query, weight in zip(some, weights, strict=True)]
            yield from self.outlined.mixed(xtr_scores(weighed, self.vectors, self._offsets))

    def _whole(self, query: Floats, matches: Floats) -> Scored:
        of_units = matches[:, self.outlined.units]
        weights = salience_among(query, of_units, self.power)
        scores = self._mixed(query, weights, of_units, matches[:, self.outlined.outlines])
        return Scored(query * weights[:, None], scores, _deviation(scores))

    def _narrowed(self, query: Floats, candidates: int, found: Rows) -> Scored:
        coarse = self.outlined.mixed((self._means @ query.mean(axis=0))[None])[0]
        chosen = candidates_of(coarse, candidates)
        looked_at = np.union1d(chosen, found)
        units, outlines = self._gathered(looked_at).matches(query)
        usual, usual_outlines = self._sample.matches(query)
        weights = salience(query, np.maximum(units.max(axis=1), usual.max(axis=1)), usual, self.power)
        scores = filled(coarse, looked_at, self._mixed(query, weights, units, outlines), chosen)
        return Scored(query * weights[:, None], scores, _deviation(self._mixed(query, weights, usual, usual_outlines)))

    def _mixed(self, query: Floats, weights: Floats, units: Floats, outlines: Floats) -> Floats:
        """The mean over a query's tokens of their weighted matches in units and in these units' outlines."""
        return self.outlined.mix(*(weights @ matches / np.float32(len(query)) for matches in (units, outlines)))

    def _gathered(self, rows: Rows) -> _Gathered:
        pairs = np.stack([self.outlined.units[rows], self.outlined.outlines[rows]])
        documents, place = np.unique(pairs, return_inverse=True)
        own = np.concatenate([[0], np.cumsum(np.diff(self._offsets)[documents])])
        spans = zip(self._offsets[documents], self._offsets[documents + 1], strict=True)
        tokens: NDArray[Any] = np.concatenate([self.vectors[begin:end] for begin, end in spans])
        return _Gathered(tokens, own, place.reshape(pairs.shape))

    @cached_property
    def _sample(self) -> _Gathered:
        gathered = self._gathered(self.narrowing.sampled(len(self.outlined.units)))
        return replace(gathered, tokens=gathered.tokens.astype(np.float32))

    @cached_property
    def _means(self) -> Floats:
        return unit_means(self._stored, self._offsets)

    @cached_property
    def vectors(self) -> Vectors:
        """The token vectors, widened to float32 up to `WIDENED_BYTES`, and as they are beyond."""
        small = 4 * self._stored.size <= WIDENED_BYTES
        return self._stored.astype(np.float32) if small else self._stored


def _deviation(scores: Floats) -> float:
    return float(scores.std(dtype=np.float64))
