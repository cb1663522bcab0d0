"""Content words of queries, paths, names and code, comparable across inflections."""

from __future__ import annotations

import re
from functools import lru_cache

_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_RUNS = re.compile(r"[A-Za-z0-9]+")

# words that carry no topic: function words, and verbs and nouns that every code base and every query is full of
_STOPWORDS = (
    "a about after again against all also am an and another any anything are as at away back be because "
    "been before being below between both but by can cannot could did do does doing done down during each "
    "else even ever every everything few for from further get gets getting give given gives go goes going "
    "got had has have having he her here him his how i if in instead into is it its itself just keep "
    "keeps let lets like made make makes making may me might more most much must my need needs never no "
    "nor not nothing now of off on once one only onto or other others our out over own per rather same "
    "shall she should since so some someone something such than that the their them themselves then there "
    "these they thing things this those though through to together too toward towards two under until up "
    "upon us use used uses using very via want wants was way ways we were what when where whether which "
    "while who whole whom whose why will with within without would yet you your "
)
STOPWORDS = frozenset(_STOPWORDS.split())

# longest first, so that "ations" is not left as "ation"
_ENDINGS = (
    ("izations", "iz"), ("isations", "iz"), ("ization", "iz"), ("isation", "iz"), ("ations", ""), ("nesses", ""),
    ("ation", ""), ("ising", "iz"), ("izing", "iz"), ("ators", ""), ("ator", ""), ("ating", ""), ("ments", ""),
    ("ment", ""), ("ness", ""), ("ings", ""), ("ions", ""), ("ises", "iz"), ("izes", "iz"), ("ised", "iz"),
    ("ized", "iz"), ("ated", ""), ("ates", ""), ("ably", ""), ("ible", ""), ("able", ""), ("ing", ""),
    ("ion", ""), ("ies", "y"), ("ied", "y"), ("ise", "iz"), ("ize", "iz"), ("ate", ""), ("ers", ""), ("ors", ""),
    ("ed", ""), ("er", ""), ("or", ""), ("es", ""), ("ly", ""), ("s", ""), ("e", ""),
)  # fmt: skip
_VOWEL = re.compile(r"[aeiouy]")


def split_words(text: str) -> list[str]:
    """All words in order, lower-cased; identifiers are split at case changes, underscores and digits."""
    return [piece.lower() for run in _RUNS.findall(text) for piece in _PIECES.findall(run)]


def content_words(text: str) -> list[str]:
    """The words that carry a topic, in order: no stopwords, no single letters, no bare numbers."""
    return [word for word in split_words(text) if len(word) > 1 and not word.isdigit() and word not in STOPWORDS]


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A lower-case word without its common English ending, so that reads, reader and reading compare equal.

    Rougher than Porter's stemmer on purpose: it errs towards calling two words the same, the strict side for overlap.
    """
    root = word
    for ending, replacement in _ENDINGS:
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= 3 and _VOWEL.search(bare):
            root = bare + replacement
            break
    if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiou":
        root = root[:-1]
    if len(root) > 3 and root.endswith("y"):
        root = root[:-1] + "i"
    return root


def stems(text: str) -> frozenset[str]:
    """The stems of a text's content words."""
    return frozenset(stem(word) for word in content_words(text))
