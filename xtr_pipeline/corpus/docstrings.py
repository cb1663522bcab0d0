"""Docstrings without their markup: comment markers, quotes and indentation go, the words stay, row by row."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPENING = re.compile(r"^\s*(?:/\*[*!]*|///+|//!+|//+|--\[=*\[|---*|#+!?|;+|\(\*+|%+)(?:<(?=\s))?\s?")
_CLOSING = re.compile(r"\s*(?:\*+/|--\]=*\]|\]=*\]|\*+\))\s*$")
_STAR = re.compile(r"^\s*\*(?!/)\s?")
_RULE = re.compile(r"^\s*[-=*#~_/+.]{3,}\s*$")
_QUOTES = re.compile(r"^\s*(?:@(?:module)?doc\s+)?(?:~[sS]|[rRuUbBfF]{1,2})?(\"{3}|'{3}|\"|')")
_DIRECTIVE = re.compile(
    r"^\s*(?:/\*+|//+|#+|--)\s*(?:go:|\+build|nolint|NOLINT|eslint|tslint|prettier|@ts-|clang-format|clang-tidy|noqa|type:|"
    r"pylint|mypy|pyright|rubocop|shellcheck|ktlint|phpcs|swiftlint|istanbul|c8 |v8 |coverage|pragma|#(?:end)?region|"
    r"fmt:|isort|yapf|frozen_string_literal)|^#!"
)


def is_directive(row: str) -> bool:
    """Tells whether a comment speaks to a tool (`//go:build`, `eslint-disable`) and not to a reader."""
    return _DIRECTIVE.match(row) is not None


def clean_comment(rows: Sequence[str]) -> list[str]:
    """Strips comment markers; the result has one string a row, empty where nothing but markers stood."""
    cleaned = []
    in_block = False
    for row in rows:
        text = row
        if in_block:
            text = _STAR.sub("", text)
        opens = re.match(r"^\s*(?:/\*|--\[=*\[)", row) is not None
        if not in_block:
            text = _OPENING.sub("", text)
        if _CLOSING.search(row) and (in_block or opens):
            text = _CLOSING.sub("", text)
            in_block = False
        elif opens:
            in_block = True
        cleaned.append("" if _RULE.match(text) else text.rstrip())
    return _dedented(cleaned)


def clean_string(rows: Sequence[str]) -> list[str]:
    """Strips the quotes and the indentation of a docstring written as a string literal, one string a row (PEP 257)."""
    match = _QUOTES.match(rows[0])
    if match is None:
        return _dedented([row.rstrip() for row in rows])
    cleaned = [rows[0][match.end() :], *rows[1:]]
    last = cleaned[-1].rstrip()
    cleaned[-1] = last.removesuffix(match[1])
    return [cleaned[0].strip(), *_dedented([row.rstrip() for row in cleaned[1:]])]


def _dedented(rows: list[str]) -> list[str]:
    """Removes the indentation that all non-blank rows share; textwrap.dedent treats the rows as one string."""
    margins = [len(row) - len(row.lstrip()) for row in rows if row.strip()]
    margin = min(margins, default=0)
    return [row[margin:] if row.strip() else "" for row in rows]
