"""Pairs of a docstring's first sentence and the code below it: training data that every repository brings along."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import polars as pl

from xtr_pipeline.corpus.first_sentences import first_sentences
from xtr_pipeline.corpus.rendering import render_unit

PAIR_SCHEMA = pl.Schema({"unit_id": pl.String(), "repo": pl.String(), "query": pl.String(), "text": pl.String()})

MIN_BODY_LINES = 3
MIN_LATIN_SHARE = 0.7
MIN_NEW_WORDS = 2
FUNCTION_WORDS = frozenset(
    ["a", "an", "and", "for", "in", "is", "it", "of", "on", "or", "that", "the", "this", "to", "with"]
)
NEAR_DUPLICATE = 0.8
"""Jaccard similarity of two queries' word sets from which the later one is dropped."""

_WORD = re.compile(r"[^\W_]+")
_TRIVIAL = re.compile(
    r"copyright|licen[sc]e|all rights reserved|spdx|\b(?:todo|fixme|xxx|hack)\b|do not edit|auto-?generated"
    r"|[{};]|==|\$id|\d{4}-\d\d-\d\d|\w@\w"
    r"|^(?:see|same as|alias (?:for|of|to)|deprecated|internal|private|overrid|inherit|implements?\b.{0,20}$)"
    r"|constructor\.?$|^(?:initiali[sz]e[sd]?|create[sd]?|construct\w*)\s+(?:(?:an?|the|this|self|new)\s+)*\w+"
    r"(?: (?:object|instance|class))?\.?$",
    re.IGNORECASE,
)
_EMPTY_BODY = re.compile(r"^(?:pass|\.\.\.|raise NotImplementedError.*|return|[{}()\[\];:,]*)$")


def docstring_pairs(units: pl.DataFrame) -> pl.DataFrame:
    """Makes training pairs of the units that have a docstring worth asking.

    Args:
        units: Frame of UNIT_SCHEMA, of one repository or several.

    Returns:
        Frame of PAIR_SCHEMA in the order of `units`: query is the docstring's first sentence or two (4 to 40 words),
        text the unit's rendering without the docstring. Left out are licence headers, to-do notes, sentences that
        only repeat the name, code of fewer than MIN_BODY_LINES lines, and near duplicates within a repository.
    """
    candidates = units.filter((pl.col("docstring") != "") & (pl.col("part") == 0))
    columns = candidates.select("unit_id", "repo", "path", "symbol", "docstring", "body")
    seen: dict[str, _SeenQueries] = defaultdict(_SeenQueries)
    rows = []
    for unit_id, repo, path, symbol, docstring, body in columns.iter_rows():
        query = first_sentences(docstring)
        if query is None or not _is_worth_asking(query, symbol) or not _has_code(body):
            continue
        if seen[repo].is_new(query):
            rows.append((unit_id, repo, query, render_unit(path, symbol, "", body)))
    return pl.DataFrame(rows, schema=PAIR_SCHEMA, orient="row")


def _is_worth_asking(query: str, symbol: str) -> bool:
    """Tells whether a sentence says more than the symbol's name, in letters of the Latin alphabet."""
    latin = sum(character.isascii() and character.isalpha() for character in query)
    if _TRIVIAL.search(query) or latin < MIN_LATIN_SHARE * len(query.replace(" ", "")):
        return False
    names = {word.lower() for word in _WORD.findall(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", symbol))}
    return len({word.lower() for word in _WORD.findall(query)} - names - FUNCTION_WORDS) >= MIN_NEW_WORDS


def _has_code(body: str) -> bool:
    """Tells whether a body has enough lines that do something."""
    lines = [line.strip() for line in body.split("\n")]
    return sum(1 for line in lines if line and not _EMPTY_BODY.match(line)) >= MIN_BODY_LINES


class _SeenQueries:
    """The queries kept so far, found again by their words (prefix filter: near duplicates share a rare word)."""

    def __init__(self) -> None:
        self._by_word: dict[str, list[frozenset[str]]] = defaultdict(list)

    def is_new(self, query: str) -> bool:
        """Remembers a query unless one with nearly the same words is known."""
        words = frozenset(word.lower() for word in _WORD.findall(query))
        if any(_jaccard(words, other) >= NEAR_DUPLICATE for other in self._sharing(words)):
            return False
        for word in words:
            self._by_word[word].append(words)
        return True

    def _sharing(self, words: frozenset[str]) -> Iterator[frozenset[str]]:
        """Queries that hold one of the rarest words; a near duplicate must, as it lacks fewer words than these are."""
        rarest = sorted(words, key=lambda word: (len(self._by_word.get(word, ())), word))
        for word in rarest[: _prefix(len(words))]:
            yield from self._by_word.get(word, ())


def _prefix(size: int) -> int:
    """How many words of a set must be looked up: a near duplicate lacks fewer words than these."""
    return size - int(NEAR_DUPLICATE * size - 1e-9)


def _jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right)
