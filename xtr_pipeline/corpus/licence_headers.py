"""Licence headers at the top of a file: the same words in thousands of units, so no unit carries them.

A header that also says what the file is for keeps those paragraphs; only paragraphs about rights are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_RIGHTS = re.compile(
    r"copyright|\(c\) \d{4}|licen[sc]e|all rights reserved|spdx|warrant|redistribut|permission is hereby|notice shall"
    r"|provided .{0,3}as is|liability|contributors may be used|public domain|merchantability|gnu\.org|apache\.org"
    r"|free software foundation|@author|mozilla public|without written permission|in no event",
    re.IGNORECASE,
)
_STARTS = re.compile(r"copyright|licen[sc]e|spdx|all rights reserved|public domain", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]")


def licence_rows(lines: Sequence[str], comment_rows: Sequence[int]) -> frozenset[int]:
    """Finds the rows of the licence header.

    Args:
        lines: All lines of the file.
        comment_rows: Rows (0-based, ascending) of the comment that the file opens with.

    Returns:
        Rows of those paragraphs of the opening comment that are about rights; empty when none is.
    """
    if not any(_STARTS.search(lines[row]) for row in comment_rows):
        return frozenset()
    found: set[int] = set()
    for paragraph in _paragraphs(lines, comment_rows):
        if _RIGHTS.search(" ".join(lines[row] for row in paragraph)):
            found.update(paragraph)
    bare = [row for row in comment_rows if not _WORD.search(lines[row])]
    return frozenset(found.union(bare)) if found else frozenset()


def _paragraphs(lines: Sequence[str], rows: Sequence[int]) -> list[list[int]]:
    """Groups rows into runs that a row without any letter or digit (a bare marker, a rule) separates."""
    groups: list[list[int]] = [[]]
    for row in rows:
        if _WORD.search(lines[row]):
            groups[-1].append(row)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]
