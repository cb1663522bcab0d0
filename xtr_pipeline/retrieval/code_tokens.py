"""Code-aware tokens: what BM25 counts, in documents and in queries alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Lucene's default English list, and the words that questions about code begin with. Taken out of code and
# queries alike, so that "how does it ..." cannot match a comment that says "how".
_STOP_TEXT = """
a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to
was will with can do does from how what when where which who why
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())

# A word longer than this is a blob (base64, a hash, minified code), not something a person searches for.
LONGEST_WORD = 128

_WORD = re.compile(r"\w+")

# In order: a plural acronym (URLs), an acronym up to the next word's capital (HTTP|Response), a word, a number.
# Everything outside ASCII counts as small letters: it is kept and never split.
_PART = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z\u0080-\U0010ffff])|[A-Z]?[a-z\u0080-\U0010ffff]+|[0-9]+")


def code_tokens(text: str) -> list[str]:
    """Cuts text or code into lower-case search tokens.

    An identifier gives its parts (camelCase, PascalCase, snake_case, letters against digits) and, when there is
    more than one part, also itself without underscores, so that `parse_url` and `parseUrl` meet: `parseHTTPUrl2`
    gives `parse http url 2 parsehttpurl2`.
    """
    return [token for word in _WORD.findall(text) for token in _word_tokens(word)]


def _word_tokens(word: str) -> Iterator[str]:
    """Yields the tokens of one run of letters, digits and underscores."""
    if len(word) > LONGEST_WORD:
        return
    parts = [part.lower() for part in _PART.findall(word)]
    for part in parts:
        if part not in STOP_WORDS:
            yield part
    if len(parts) > 1:
        yield "".join(parts)
