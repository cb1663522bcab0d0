"""Cuts a long piece into consecutive parts, so that an encoder sees all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from xtr_pipeline.corpus.token_estimate import estimated_tokens

MIN_BODY_TOKENS = 120
FIRST_DOCSTRING_TOKENS = 90
"""Of a long docstring the first part shows this much, so that the code's beginning stands beside it."""

EARLIEST_BREAK = 0.6
LEAST_SHARE = 0.3
AFTER_BLANK = -4.5
BELOW_COMMENT = 6.0
COMMENT_STARTS = ("//", "/*", "*", "#", "--", "@")
CLOSERS = (")", "]", "}", "end", "else", "elif", "except", "finally", "catch")


@dataclass(frozen=True)
class Line:
    """One row as a unit shows it: source, or docstring without its markup."""

    row: int
    text: str
    is_doc: bool = False

    @cached_property
    def tokens(self) -> int:
        """Estimated tokens of the text."""
        return estimated_tokens(self.text)


@dataclass(frozen=True)
class Window:
    """What a part may hold.

    Attributes:
        tokens: Estimated ones, path and symbol included. The estimate is 0.98 of the real count on average and below
            1.11 in 95% of windows, so that an encoder that reads 256 reads all of 230.
        lines: Of source.
    """

    tokens: int = 230
    lines: int = 40


WINDOW = Window()


def split_parts(lines: Sequence[Line], overhead: int, window: Window = WINDOW) -> list[list[Line]]:
    """Splits the lines of one piece into parts.

    The first part begins with the docstring (its head, if it is long) and the first body lines; then come the rest of
    the docstring and the rest of the body. A single line that is longer than a part stays whole.

    Args:
        lines: Lines in row order.
        overhead: Estimated tokens that rendering adds to every part (path, symbol).
        window: What a part may hold, the overhead included.
    """
    room = replace(window, tokens=max(MIN_BODY_TOKENS, window.tokens - overhead))
    docs = [line for line in lines if line.is_doc]
    body = [line for line in lines if not line.is_doc]
    if _fits(lines, room):
        parts = [[*docs, *body]]
    else:
        half = Window(FIRST_DOCSTRING_TOKENS, window.lines // 2)
        head = _next_break(docs, half, window) if docs and body else 0
        left = Window(room.tokens - sum(line.tokens for line in docs[:head]), window.lines - head)
        first = _next_break(body, left, window) if body and body[0].tokens <= left.tokens else 0
        parts = [[*docs[:head], *body[:first]], *_chunks([*docs[head:], *body[first:]], room)]
    return [part for part in parts if any(line.text.strip() for line in part)]


def _chunks(lines: Sequence[Line], room: Window) -> list[list[Line]]:
    """Cuts lines into runs that each fit the room."""
    chunks = []
    rest = list(lines)
    while rest:
        end = _next_break(rest, room, room)
        chunks.append(rest[:end])
        rest = rest[end:]
    return chunks


def _next_break(lines: Sequence[Line], room: Window, window: Window) -> int:
    """Finds where the next run ends: before the shallowest line late in the room, or about the middle of two runs.

    The room is what is left of the window for this run.
    """
    if _fits(lines, room) or len(lines) == 1:
        return len(lines)
    reach = min(max(1, _reach(lines, room)), len(lines) - 1)
    fewest = len(lines) - _reach(lines[: -2 * window.lines - 1 : -1], room)
    if fewest > reach:
        candidates = range(max(1, int(reach * EARLIEST_BREAK)), reach + 1)
        return min(candidates, key=lambda index: (_badness(lines, index), -index))
    total = sum(line.tokens for line in lines)
    fewest = min(reach, max(1, fewest, _reach(lines, replace(window, tokens=int(total * LEAST_SHARE)))))
    middle = _reach(lines, replace(window, tokens=total // 2))
    return min(range(fewest, reach + 1), key=lambda index: (_badness(lines, index), abs(index - middle)))


def _reach(lines: Sequence[Line], room: Window) -> int:
    """Counts the leading lines that fit."""
    used = 0
    for index, line in enumerate(lines):
        used += line.tokens
        if used > room.tokens or index >= room.lines:
            return index
    return len(lines)


def _fits(lines: Sequence[Line], room: Window) -> bool:
    return len(lines) <= room.lines and sum(line.tokens for line in lines) <= room.tokens


def _badness(lines: Sequence[Line], index: int) -> float:
    """How bad a break before a line is: its indentation, less after a blank line, worse below a comment."""
    text = lines[index].text
    stripped = text.strip()
    if not stripped or stripped.startswith(CLOSERS):
        return 1_000.0
    before = lines[index - 1].text.strip()
    depth = len(text.expandtabs(4)) - len(stripped)
    return depth + (BELOW_COMMENT if before.startswith(COMMENT_STARTS) else 0.0 if before else AFTER_BLANK)
