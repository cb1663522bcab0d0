"""Identifiers as words: camelCase, PascalCase, snake_case and kebab-case taken apart."""

from __future__ import annotations

import re

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where one word of an identifier ends and the next begins; empty matches."""
_NAME = re.compile(r"[^\W_]+")


def split_identifier(name: str) -> list[str]:
    """Splits a name into its words, lower case: `HTTPServer_get2Items` gives http, server, get2, items."""
    return [word.lower() for part in _NAME.findall(name) for word in HUMP.split(part)]


def spaced_humps(text: str) -> str:
    """Puts a blank between the humps of every identifier in a text, for tokenizers that lower-case (`getUserName`)."""
    return HUMP.sub(" ", text)
