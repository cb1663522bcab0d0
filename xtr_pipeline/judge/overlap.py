"""How many of a query's words stand in the code it is about, and what each kind of query may have of that."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from xtr_pipeline.judge.records import MAX_QUERY_CHARACTERS, QueryKind
from xtr_pipeline.judge.words import content_words, stem, stems

# a definition's name in any of the cut languages; the unit's own symbol comes from the corpus
_DEFINED = re.compile(
    r"(?:#define|\bmacro_rules!|\b(?:def|class|fn|func|fun|function|struct|enum|union|trait|impl|interface|type|typealias|typedef|mod|module|namespace|"
    r"object|protocol|record|const|static|defp?|defmodule))\s+([A-Za-z_$][\w$]*)"
)
_ASSIGNED = re.compile(r"^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
# names with a capital inside that people type in plain text
_PROPER_NAMES = re.compile(
    r"\b(?:GitHub|GitLab|JavaScript|TypeScript|macOS|iOS|OpenSSL|PyPI|WebSocket|PowerShell|YouTube)\b"
)
_IDENTIFIER = re.compile(r"[a-z0-9]_[a-z0-9]|[a-z][A-Z]|\w\.\w|\w\(\)|::|->|[`{}<>=\[\]]")


@dataclass(frozen=True)
class UnitWords:
    """The words of a unit and its file, as stems: path of the file, names that the file defines, text of the unit."""

    path: frozenset[str]
    names: frozenset[str]
    body: frozenset[str]


@dataclass(frozen=True)
class Overlap:
    """Shares (0 to 1) of a query's content words that occur in the path, the defined names, and the unit's text."""

    path: float
    names: float
    body: float


@dataclass(frozen=True)
class KindLimits:
    """What a query of one kind must keep to. Word counts are of all words; shares of content words."""

    min_words: int
    max_words: int
    max_named: int | None  # content words that may occur in the path or among the file's names; None = any number
    max_body: float
    min_vocabulary: float  # share that must occur in path, names or text


LIMITS: dict[QueryKind, KindLimits] = {
    "conceptual": KindLimits(min_words=4, max_words=10, max_named=0, max_body=0.5, min_vocabulary=0.0),
    "question": KindLimits(min_words=8, max_words=18, max_named=1, max_body=1.0, min_vocabulary=0.0),
    "keyword": KindLimits(min_words=2, max_words=6, max_named=None, max_body=1.0, min_vocabulary=0.6),
}


def defined_names(symbols: Iterable[str], code: str) -> list[str]:
    """The names a file defines: its units' symbols, definitions inside its code and its top-level assignments."""
    found = [*symbols, *_DEFINED.findall(code), *_ASSIGNED.findall(code)]
    return sorted({name for name in found if name})


def unit_words(path: str, names: Iterable[str], text: str) -> UnitWords:
    """Stems of the path, of the defined names, and of the unit's documentation and body."""
    return UnitWords(path=stems(_named_path(path)), names=stems(" ".join(names)), body=stems(text))


def measure_overlap(query: str, words: UnitWords) -> Overlap:
    """The shares of the query's content words (as stems, each once) found in path, names and text."""
    asked = {stem(word) for word in content_words(query)}
    if not asked:
        return Overlap(0.0, 0.0, 0.0)

    def share(pool: frozenset[str]) -> float:
        return round(len(asked & pool) / len(asked), 3)

    return Overlap(path=share(words.path), names=share(words.names), body=share(words.body))


def limit_problems(kind: QueryKind, query: str, words: UnitWords, *, any_body: bool = False) -> list[str]:
    """Everything by which the query breaks its kind's limits; empty when it keeps to them.

    With `any_body`, the words of the unit's text are free, and only those of path and names count.
    """
    limits = LIMITS[kind]
    problems = []
    count = len(query.split())
    if not limits.min_words <= count <= limits.max_words:
        problems.append(f"{kind} has {count} words, expected {limits.min_words} to {limits.max_words}")
    if len(query) > MAX_QUERY_CHARACTERS:
        problems.append(f"{len(query)} characters, at most {MAX_QUERY_CHARACTERS}")
    identifier = _IDENTIFIER.search(_PROPER_NAMES.sub("", query))
    if identifier:
        problems.append(f"looks like code at {identifier.group(0)!r}: identifiers are not allowed")
    originals: dict[str, str] = {}
    for word in content_words(query):
        originals.setdefault(stem(word), word)
    if len(originals) < 2:
        problems.append("fewer than two content words")
        return problems
    named = sorted(originals[root] for root in originals.keys() & (words.path | words.names))
    if limits.max_named is not None and len(named) > limits.max_named:
        problems.append(
            f"{kind} may use {limits.max_named} word(s) of the path or the file's names, it uses: {', '.join(named)}"
        )
    in_body = sorted(originals[root] for root in originals.keys() & words.body)
    if not any_body and len(in_body) / len(originals) > limits.max_body:
        problems.append(f"{kind} repeats too many of the code's own words: {', '.join(in_body)}")
    known = originals.keys() & (words.path | words.names | words.body)
    if len(known) / len(originals) < limits.min_vocabulary:
        strange = sorted(originals[root] for root in originals.keys() - known)
        problems.append(f"{kind} must use the code's own vocabulary, these words are not in it: {', '.join(strange)}")
    return problems


def words_to_avoid(path: str, names: Iterable[str], limit: int = 400) -> tuple[str, ...]:
    """The content words of path and names, one inflection each, path first, at most `limit` (a prompt's room)."""
    shown: dict[str, str] = {}
    for text in [_named_path(path), *names]:
        for word in content_words(text):
            shown.setdefault(stem(word), word)
    return tuple(shown.values())[:limit]


def _named_path(path: str) -> str:
    """The path without its file's extension, which names no topic."""
    head, dot, extension = path.rpartition(".")
    return head if dot and "/" not in extension else path
