"""Keyword scores: BM25 over code-aware tokens, computed by bm25s."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.code_tokens import code_tokens


@dataclass(frozen=True)
class Bm25Settings:
    """The two free parameters of BM25 (Robertson & Zaragoza 2009, section 3.3; Lucene's variant).

    Attributes:
        k1: How fast repetitions of a term stop counting.
        b: How much long documents are held back, 0 to 1.
    """

    k1: float = 1.2
    b: float = 0.75


class Bm25:
    """BM25 over a fixed list of texts; knows no ids and no files."""

    def __init__(self, texts: Sequence[str], settings: Bm25Settings | None = None) -> None:
        """Tokenises and indexes the texts (about 10,000 units a second).

        Args:
            texts: Rendered documents; position is identity.
            settings: Defaults to `Bm25Settings()`.

        Raises:
            ValueError: There are no texts.
        """
        if not texts:
            msg = "BM25 needs at least one text"
            raise ValueError(msg)
        self.documents = len(texts)
        tokens = [code_tokens(text) for text in texts]
        self._frequencies = _document_frequencies(tokens)
        self._index = _index_tokens(tokens, settings or Bm25Settings()) if self._frequencies else None

    def scores(self, query: str) -> NDArray[np.float32]:
        """Scores every text, shape `(texts,)`; 0 where the text shares no token with the query."""
        tokens = [token for token in code_tokens(query) if token in self._frequencies]
        if self._index is None or not tokens:
            return np.zeros(self.documents, dtype=np.float32)
        return np.asarray(self._index.get_scores(tokens), dtype=np.float32)

    def ceiling(self, query: str) -> float:
        """The score of an imagined text that holds every query token without end: the sum of their idf.

        Lucene's term frequency part stays below 1, so no score exceeds this. A token that the texts do not
        contain counts with the idf of a token in no document: words that the code never uses lower the share of
        the ceiling that any text can reach. 0 for a query without tokens.
        """
        return float(sum(self._idf(token) for token in code_tokens(query)))

    def _idf(self, token: str) -> float:
        """Inverse document frequency, Lucene's variant (the one that bm25s uses in its scores)."""
        frequency = self._frequencies.get(token, 0)
        return math.log(1 + (self.documents - frequency + 0.5) / (frequency + 0.5))


def _document_frequencies(tokens: list[list[str]]) -> dict[str, int]:
    """Counts in how many texts each token occurs."""
    frequencies: dict[str, int] = {}
    for text_tokens in tokens:
        for token in set(text_tokens):
            frequencies[token] = frequencies.get(token, 0) + 1
    return frequencies


def _index_tokens(tokens: list[list[str]], settings: Bm25Settings) -> Any:
    """Builds the bm25s index (imported here: it pulls in scipy, 0.6 s that a semantic search need not wait for)."""
    import bm25s

    index = bm25s.BM25(k1=settings.k1, b=settings.b, method="lucene")
    index.index(tokens, show_progress=False)
    return index
