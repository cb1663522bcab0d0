"""Shares a file's rows out among its definitions: every row goes to the innermost definition that is a unit.

What a type or impl block has left when its methods are taken out (header, fields, docstring) is its own piece, with the
first line of each method as an outline; what the file has left (imports, constants, statements) is the module's piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xtr_pipeline.corpus.symbols import FileSymbols, Symbol

LONG_FUNCTION_ROWS = 80
"""A function longer than this is cut at the functions inside it (module patterns, factories), else it stays whole."""

MERGED_FROM_PIECES = 12
"""Files with up to this many pieces are cut exactly; in longer ones tiny neighbours are merged."""

TINY_ROWS = 4
SMALL_TYPE_ROWS = 8
MERGED_ROWS = 24
NAMES_IN_MERGED_SYMBOL = 4

_WORD = re.compile(r"[^\W_]")


@dataclass
class Piece:
    """Rows that become one unit, or several if they are too many.

    Attributes:
        kind: function, method, type, impl or module.
        symbol: Qualified name.
        rows: Rows it owns, 0-based, ascending; no row has two owners.
        docs: Those of its rows that are docstring -> their text without markup.
        outline: Rows of its methods' names, shown in its body and owned by the methods.
        family: Number of the definition around it; only pieces of one family are merged.
    """

    kind: str
    symbol: str
    rows: list[int]
    docs: dict[int, str] = field(default_factory=dict)
    outline: list[int] = field(default_factory=list)
    family: int = 0


def share_out(lines: Sequence[str], found: FileSymbols, module_name: str) -> list[Piece]:
    """Cuts one file into pieces, ordered by their first row.

    Every non-blank row is owned by exactly one piece, apart from the licence header's and from rows of bare
    punctuation where the module has no other row (the closing brace of a namespace).
    """
    sharing = _Sharing(lines, merges=_count(found.symbols) >= MERGED_FROM_PIECES)
    sharing.take_all(found.symbols, family=0)
    pieces = _merge_tiny(sharing.pieces, lines) if sharing.merges else sharing.pieces
    rest = [row for row in range(len(lines)) if row not in sharing.taken and row not in found.licence]
    if any(_WORD.search(lines[row]) for row in rest):
        docs = {row: text for row, text in found.docs.items() if row not in sharing.taken}
        pieces.append(Piece("module", module_name, rest, docs))
    return sorted(pieces, key=lambda piece: piece.rows[0])


class _Sharing:
    """The rows taken so far and the pieces made of them."""

    def __init__(self, lines: Sequence[str], merges: bool) -> None:
        self.lines = lines
        self.merges = merges
        self.taken: set[int] = set()
        self.pieces: list[Piece] = []

    def take_all(self, symbols: Sequence[Symbol], family: int) -> None:
        """Takes the rows of sibling definitions."""
        for symbol in symbols:
            if symbol.kind == "scope":
                self.take_all(symbol.children, id(symbol))
            else:
                self._take(symbol, family)

    def _take(self, symbol: Symbol, family: int) -> None:
        place = len(self.pieces)
        outline: list[int] = []
        if self._is_divided(symbol):
            self.take_all(symbol.children, id(symbol))
            outline = [child.name_row for child in symbol.children if child.kind != "scope"]
        rows = [row for row in range(symbol.first, symbol.last + 1) if row not in self.taken]
        if not _filled(rows, self.lines):
            return
        self.taken.update(rows)
        docs = {row: text for row, text in symbol.docs.items() if row in set(rows)}
        outline = [row for row in outline if row not in rows]
        self.pieces.insert(place, Piece(symbol.kind, symbol.name, rows, docs, outline, family))

    def _is_divided(self, symbol: Symbol) -> bool:
        """Tells whether the definitions inside become pieces of their own."""
        rows = range(symbol.first, symbol.last + 1)
        if symbol.kind in {"function", "method"}:
            return len(rows) > LONG_FUNCTION_ROWS
        return not (self.merges and _filled(rows, self.lines) <= SMALL_TYPE_ROWS)


def _count(symbols: Sequence[Symbol]) -> int:
    """Counts definitions down to the members of types; what stands inside functions does not count."""
    total = 0
    for symbol in symbols:
        total += symbol.kind != "scope"
        if symbol.kind not in {"function", "method"}:
            total += _count(symbol.children)
    return total


def _merge_tiny(pieces: Sequence[Piece], lines: Sequence[str]) -> list[Piece]:
    """Joins runs of tiny sibling pieces; their docstrings stay in the body as written."""
    merged: list[list[Piece]] = []
    for piece in pieces:
        run = merged[-1] if merged else []
        if (
            run
            and run[0].family == piece.family
            and all(_is_tiny(other, lines) for other in (run[-1], piece))
            and sum(_filled(other.rows, lines) for other in (*run, piece)) <= MERGED_ROWS
        ):
            run.append(piece)
        else:
            merged.append([piece])
    return [run[0] if len(run) == 1 else _joined(run) for run in merged]


def _is_tiny(piece: Piece, lines: Sequence[str]) -> bool:
    return not piece.outline and _filled(piece.rows, lines) <= TINY_ROWS


def _filled(rows: Iterable[int], lines: Sequence[str]) -> int:
    """Counts the rows that are not blank."""
    return sum(1 for row in rows if lines[row].strip())


def _joined(run: Sequence[Piece]) -> Piece:
    """One piece of several; its symbol names them all, or the first few of many."""
    names = [run[0].symbol, *(re.split(r"::|\.", piece.symbol)[-1] for piece in run[1:])]
    if len(names) > NAMES_IN_MERGED_SYMBOL:
        names = [*names[: NAMES_IN_MERGED_SYMBOL - 1], f"+{len(names) - NAMES_IN_MERGED_SYMBOL + 1}"]
    return Piece(run[0].kind, ", ".join(names), sorted(row for piece in run for row in piece.rows))
