"""Why a wrong file won: the words of a query whose best match is stronger in the winner than in the right file.

A file's score is a weighted mean over what the query's tokens find in its best unit and in its outline, each with the
weight that it has in this corpus, and over the score of its second best unit, less the handicaps of large files and of
tests, so that the difference between two files is the sum of weighted differences: what is shown is the reason, not an
interpretation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.corpus.outlines import outline_id, with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.retrieval.code_of_tests import asks_for_tests, is_test_file
from xtr_pipeline.retrieval.ranking import FileHit, UnitHit
from xtr_pipeline.retrieval.searcher import Found, Searcher

SHOWN_WORDS = 3
FILE, OUTLINE, SECOND, SIZE, TESTS = "(file)", "outline", "(second)", "(size)", "(tests)"

EXPLAINED_SCHEMA = pl.Schema(
    {
        "kind": pl.String(),
        "repo": pl.String(),
        "query_id": pl.String(),
        "query": pl.String(),
        "first_rank": pl.Int32(),  # of the best right file; null where none was found
        "right": pl.String(),  # the best unit of that file, path and symbol
        "won": pl.String(),  # the unit at rank 1
        "why": pl.String(),
    }
)


class ExplainedVectors(Protocol):
    """Token vectors of documents."""

    def __getitem__(self, index: int, /) -> NDArray[np.float16]:
        """(d_tokens, dim) of one document."""


class ExplainedEncoder(Protocol):
    """What an explanation needs of an encoder."""

    def encode_documents(self, texts: Sequence[str], /) -> ExplainedVectors:
        """Token vectors of all documents."""

    def query_tokens(self, text: str, /) -> list[str]:
        """The token of each of a query's vectors."""

    def document_tokens(self, text: str, /) -> list[str]:
        """The token of each of a document's vectors."""


@dataclass(frozen=True)
class Shown:
    """What the model read of a unit: its rendered text, and that of its file's outline."""

    unit: str
    outline: str


@dataclass(frozen=True)
class WordMatch:
    """The best match of a query's token in the winner and in the right unit (cosines), and its share of the score.

    The word `FILE` stands for all tokens together in the files' outlines, `SECOND` for the files' second best units and
    their scores, `SIZE` and `TESTS` for the files' handicaps: minus the logarithms of how many units they have, and
    minus 1 for a test.
    """

    word: str
    share: float
    won: str
    won_similarity: float
    right: str
    right_similarity: float

    @property
    def advantage(self) -> float:
        """By how much the winner gains from it; the sum over a query's is the difference of the scores."""
        return self.share * (self.won_similarity - self.right_similarity)

    def times(self, factor: float) -> WordMatch:
        """The same match where it has but a part of its share."""
        return replace(self, share=factor * self.share)

    def __str__(self) -> str:
        """In words, e.g. "changed: change 0.83, right file: update 0.55"."""
        return (
            f"{self.word}: {self.won} {self.won_similarity:.2f}, right file: {self.right} {self.right_similarity:.2f}"
        )


def word_matches(  # noqa: PLR0913, PLR0917 - what was ranked, and how
    encoder: ExplainedEncoder,
    query: str,
    asked: NDArray[np.float32],
    won: Shown,
    right: Shown,
    outline_weight: float,
) -> list[WordMatch]:
    """How each token of a query matches two units, and all of them the outlines of their files.

    Args:
        encoder: The model that ranked.
        query: The query's text.
        asked: (q_tokens, dim) its token vectors; lengths are the weights that they were scored with.
        won: The unit that won.
        right: The unit that should have.
        outline_weight: Of a file's outline beside a unit's own score.

    Returns:
        What speaks most for the first unit in front.
    """
    lengths = np.linalg.norm(asked, axis=1)
    # a token that does not stand out anywhere has no weight, and no direction either
    directions = asked / np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
    shares = lengths / lengths.sum()
    documents = encoder.encode_documents([won.unit, right.unit, won.outline, right.outline])
    similar = [directions @ documents[place].astype(np.float32).T for place in range(4)]
    best = []
    for text, similarity in zip((won.unit, right.unit), similar, strict=False):
        tokens = encoder.document_tokens(text)
        nearest = similarity.argmax(axis=1)
        best.append([(tokens[token], float(row[token])) for token, row in zip(nearest, similarity, strict=True)])
    matches = [
        WordMatch(word, float(share) / (1 + outline_weight), *in_won, *in_right)
        for word, share, in_won, in_right in zip(encoder.query_tokens(query), shares, *best, strict=True)
    ]
    of_won, of_right = (float(shares @ similarity.max(axis=1)) for similarity in similar[2:])
    whole = outline_weight / (1 + outline_weight)
    matches.append(WordMatch(FILE, whole, OUTLINE, of_won, OUTLINE, of_right))
    return sorted(matches, key=lambda match: -match.advantage)


class Explainer:
    """Explains how one searcher ranked files."""

    def __init__(self, searcher: Searcher, encoder: ExplainedEncoder) -> None:
        """Takes a repository's searcher and the model that it searches with."""
        units = searcher.units
        documents = with_outlines(units)
        texts = dict(zip(documents["unit_id"].to_list(), render_units(documents), strict=True))
        rows = units.select("unit_id", "repo", "path", "symbol").iter_rows()
        self._encoder, self._weights = encoder, searcher.weights
        self._shown: dict[str, Shown] = {}
        self.names: dict[str, str] = {}
        for unit, repo, path, symbol in rows:
            self._shown[unit] = Shown(texts[unit], texts[outline_id(repo, path)])
            self.names[unit] = f"{path}: {symbol}"
        self._sizes = dict(units.group_by("path").len().iter_rows())

    def matches(self, query: str, found: Found, right: FileHit) -> list[WordMatch]:
        """What speaks most for the file that came first, and against the right one, in front.

        All advantages sum up to the difference of the two files' scores, where all units concerned were scored by all
        their tokens; those that a narrowed search leaves out are not.

        Args:
            query: The query's text.
            found: What the searcher found for it.
            right: The right file, one of `found.files`.
        """
        won = found.files[0]
        winner, other = (self._shown[file.unit_id] for file in (won, right))
        words = word_matches(self._encoder, query, found.query, winner, other, self._weights.outline)
        matches = [match.times(1 - self._weights.second) for match in words]
        matches += [self._second(found.units, won, right), self._size(won.path, right.path)]
        if not asks_for_tests(query):
            matches.append(self._tests(won.path, right.path))
        return sorted(matches, key=lambda match: -match.advantage)

    def _second(self, units: Sequence[UnitHit], won: FileHit, right: FileHit) -> WordMatch:
        def second(file: FileHit) -> tuple[str, float]:
            own = [hit for hit in units if hit.path == file.path][:2][-1]
            return self.names[own.unit_id].partition(": ")[2], own.score

        return WordMatch(SECOND, self._weights.second, *second(won), *second(right))

    def _size(self, won: str, right: str) -> WordMatch:
        sizes = [self._sizes[path] for path in (won, right)]
        words = [f"{size} unit{'s' if size > 1 else ''}" for size in sizes]
        return WordMatch(SIZE, self._weights.size, words[0], math.log(1 / sizes[0]), words[1], math.log(1 / sizes[1]))

    def _tests(self, won: str, right: str) -> WordMatch:
        first, second = (("a test", -1.0) if is_test_file(path) else ("no test", 0.0) for path in (won, right))
        return WordMatch(TESTS, self._weights.tests, *first, *second)


def explain_misses(missed: pl.DataFrame, searcher: Searcher, encoder: ExplainedEncoder) -> pl.DataFrame:
    """For each query that semantic mode missed the unit that won, the right file's best unit, and what decided.

    Args:
        missed: `error_analysis.missed_queries` of one model over one repository, in semantic mode.
        searcher: Searches that repository with the encoder.
        encoder: The model.

    Returns:
        EXPLAINED_SCHEMA, in the order of `missed`.
    """
    if missed.is_empty():
        return pl.DataFrame(schema=EXPLAINED_SCHEMA)
    explainer = Explainer(searcher, encoder)
    rows = []
    for miss, found in zip(missed.iter_rows(named=True), searcher.found(missed["query"].to_list()), strict=True):
        best = next(hit for hit in found.files if hit.path in miss["relevant"])
        matches = explainer.matches(miss["query"], found, best)
        why = "; ".join(str(match) for match in matches[:SHOWN_WORDS] if match.advantage > 0)
        shown = {name: miss[name] for name in ("kind", "repo", "query_id", "query", "first_rank")}
        names = {"right": explainer.names[best.unit_id], "won": explainer.names[found.files[0].unit_id]}
        rows.append({**shown, **names, "why": why})
    return pl.DataFrame(rows, schema=EXPLAINED_SCHEMA)
