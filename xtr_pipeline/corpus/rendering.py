"""The text of a unit: what the encoder reads and BM25 counts."""

from __future__ import annotations

import textwrap

import polars as pl


def render_unit(path: str, symbol: str, docstring: str, body: str) -> str:
    """Puts a unit's path, symbol, docstring and body (without common indentation) below each other.

    The symbol has a line only where the path and the body do not already hold its words: a method's body names the
    method but not its type, a later part of a function names neither.
    """
    shown = f"{path}\n{body}"
    lines = [path]
    if any(part not in shown for part in _parts_of(symbol)):
        lines.append(symbol)
    lines.extend(text for text in (docstring, textwrap.dedent(body).strip("\n")) if text)
    return "\n".join(lines)


def render_units(units: pl.DataFrame) -> list[str]:
    """Renders every row of a units frame, in its order."""
    columns = units.select("path", "symbol", "docstring", "body")
    return [render_unit(*row) for row in columns.iter_rows()]


def _parts_of(symbol: str) -> list[str]:
    """The names in a qualified symbol, whatever separates them."""
    for separator in ("::", ".", ",", "<", ">"):
        symbol = symbol.replace(separator, " ")
    return symbol.split()
