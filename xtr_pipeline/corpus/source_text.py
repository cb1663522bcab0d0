"""From bytes to lines: decoding, and the limits on what is worth cutting. Every limit is counted in the cut report."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_FILE_BYTES = 1_000_000
"""Larger files are skipped: the largest hand-written ones seen have about 600 kB, generated ones begin around 1 MB."""

MAX_LINE_CHARACTERS = 1_000
"""Longer lines are data (base64, minified code); the encoder would see 256 tokens of them at most."""

KEPT_OF_LONG_LINE = 200

MINIFIED_MEAN_CHARACTERS = 250
"""Files whose lines are longer than this on average were written by a tool; hand-written ones stay below 80."""

BINARY_PROBE_BYTES = 8_192

_GENERATED = re.compile(
    rb"""^[\s/*\#;%"'<!-]+(?:(?:warning|note|attention):?\s+)?
    (?:(?:this|the|these)\s+)?(?:(?:file|code|module|source|header|bindings|parser)\s+)?
    (?:(?:is|was|are|were|has\ been)\s+)?(?:auto(?:matically|-|\s)?\s*)?generated\s+(?:automatically\s+)?
    (?:by|from|with|using|via|bindings|file|code|do\ not\ edit)
    |@generated\b|generated.{0,80}\bdo\ not\ (?:edit|modify)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True)
class SourceText:
    """A decoded file: lines without their ends, and what decoding had to give up."""

    lines: tuple[str, ...]
    lossy: bool
    long_lines: int

    @property
    def text(self) -> str:
        """The lines joined with a line feed, which is what the grammars count rows by."""
        return "\n".join(self.lines)


def decode(data: bytes) -> SourceText | str:
    """Turns a file's bytes into lines, or says why it is not cut: empty, binary, too large, generated, minified.

    Bytes that are no UTF-8 become U+FFFD (`lossy`); line ends are unified; lines over MAX_LINE_CHARACTERS keep their
    first KEPT_OF_LONG_LINE characters (`long_lines` counts them), and a file of mostly such lines, or of lines over
    MINIFIED_MEAN_CHARACTERS on average, is `minified`.
    """
    if reason := _unfit(data):
        return reason
    try:
        text, lossy = data.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        text, lossy = data.decode("utf-8-sig", errors="replace"), True
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    filled = sum(1 for line in lines if line.strip())
    if not filled:
        return "empty"
    long_lines = sum(1 for line in lines if len(line) > MAX_LINE_CHARACTERS)
    shortened = tuple(_shortened(line) for line in lines)
    if long_lines * 2 > filled or sum(map(len, shortened)) > MINIFIED_MEAN_CHARACTERS * filled:
        return "minified"
    return SourceText(shortened, lossy, long_lines)


def _unfit(data: bytes) -> str | None:
    """Says why bytes are not source, from what can be told before decoding."""
    if not data:
        return "empty"
    if b"\x00" in data[:BINARY_PROBE_BYTES]:
        return "binary"
    if len(data) > MAX_FILE_BYTES:
        return "too large"
    head = b"\n".join(data[:2_000].split(b"\n")[:8])
    return "generated" if _GENERATED.search(head) else None


def _shortened(line: str) -> str:
    """Cuts off what no reader and no encoder would get to."""
    return line if len(line) <= MAX_LINE_CHARACTERS else line[:KEPT_OF_LONG_LINE]
