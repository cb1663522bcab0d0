"""Showing code to a judge as data: marked, fenced, and impossible to break out of."""

from __future__ import annotations

import hashlib
import re

_BACKTICKS = re.compile(r"`{3,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_UNPRINTABLE_IN_CODE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

MAX_LINES = 120
MAX_CHARACTERS = 8_000
MAX_LINE_CHARACTERS = 400


def mark_for(*texts: str) -> str:
    """Eight hex digits that occur in none of the texts, so that none of them can forge a closing marker.

    Deterministic: the same texts give the same mark, and an unchanged request keeps its bytes.
    """
    seed = hashlib.sha256("\x00".join(texts).encode()).hexdigest()
    everything = "\n".join(texts)
    while seed[:8] in everything:
        seed = hashlib.sha256(seed.encode()).hexdigest()
    return seed[:8]


def one_line(text: str) -> str:
    """A path, symbol or other label made safe for a heading: no line ends, control or direction characters."""
    return _UNPRINTABLE.sub(" ", text).replace("`", "'").strip()


def fence(label: str, mark: str, code: str, language: str = "") -> str:
    """`code` between markers that carry `mark`, inside a fence longer than any fence in the code."""
    longest = max((len(run) for run in _BACKTICKS.findall(code)), default=2)
    ticks = "`" * max(3, longest + 1)
    tag = language if re.fullmatch(r"[a-z0-9#+-]*", language) else ""
    return f"[BEGIN {label} {mark}]\n{ticks}{tag}\n{code}\n{ticks}\n[END {label} {mark}]"


def shorten(code: str, max_lines: int = MAX_LINES, max_characters: int = MAX_CHARACTERS) -> str:
    """The code as a judge sees it: control characters as spaces, long lines and long texts cut, cuts marked."""
    lines = [_cut_line(line) for line in _UNPRINTABLE_IN_CODE.sub(" ", code).split("\n")]
    kept: list[str] = []
    size = 0
    for line in lines:
        if len(kept) == max_lines or size + len(line) > max_characters:
            break
        kept.append(line)
        size += len(line) + 1
    left_out = len(lines) - len(kept)
    return "\n".join([*kept, f"[... {left_out} more lines not shown]"] if left_out else kept)


def _cut_line(line: str) -> str:
    line = line.rstrip()
    if len(line) <= MAX_LINE_CHARACTERS:
        return line
    return f"{line[:MAX_LINE_CHARACTERS]} [... {len(line) - MAX_LINE_CHARACTERS} more characters not shown]"
