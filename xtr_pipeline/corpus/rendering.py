"""The text of a unit: what the encoder reads and BM25 counts."""

from __future__ import annotations

import re
import textwrap

import polars as pl

_WORD = re.compile(r"\w+")


def render_unit(path: str, symbol: str, docstring: str, body: str) -> str:
    """Puts a unit's path, symbol, docstring and body (without common indentation) below each other.

    The symbol has a line only where the path and the body do not already hold its words: a method's body names the
    method but not its type, a later part of a function names neither.
    """
    lines = [path]
    if not set(_WORD.findall(symbol)) <= set(_WORD.findall(f"{path}\n{body}")):
        lines.append(symbol)
    lines.extend(text for text in (docstring, textwrap.dedent(body).strip("\n")) if text)
    return "\n".join(lines)


def render_units(units: pl.DataFrame) -> list[str]:
    """Renders every row of a units frame, in its order."""
    columns = units.select("path", "symbol", "docstring", "body")
    return [render_unit(*row) for row in columns.iter_rows()]
