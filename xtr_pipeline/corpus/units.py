"""Code units: the documents of the search, one row each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import polars as pl

KINDS = ("function", "method", "type", "impl", "module", "window")

UNIT_SCHEMA = pl.Schema(
    {
        "unit_id": pl.String(),
        "repo": pl.String(),
        "version": pl.String(),
        "path": pl.String(),
        "symbol": pl.String(),
        "kind": pl.String(),
        "language": pl.String(),
        "start_line": pl.Int32(),
        "end_line": pl.Int32(),
        "part": pl.Int32(),
        "docstring": pl.String(),
        "body": pl.String(),
        "content_hash": pl.String(),
    }
)


@dataclass(frozen=True)
class CodeUnit:
    """A piece of a source file that is encoded as one document.

    Attributes:
        path: Relative to the repository's top folder, with forward slashes.
        symbol: Qualified name; of a merged run of small definitions all names; of a module or window its file's stem.
        kind: One of KINDS (outlines of files, which are no units, have one of their own).
        start_line, end_line: 1-based, inclusive: the first and last line shown; what a type or module leaves out
            in between (methods, functions) is in units of its own.
        part: 0 for a whole unit or the first part of a long one, then 1, 2, …
        docstring: Without markup and without indentation; empty if there is none.
        body: Source lines as they stand, without the docstring's.
    """

    path: str
    symbol: str
    kind: str
    language: str
    start_line: int
    end_line: int
    part: int
    docstring: str
    body: str


def content_hash(docstring: str, body: str) -> str:
    """Identity of a unit's content, wherever it stands: sha256 in hex of the docstring followed by the body."""
    return hashlib.sha256((docstring + body).encode("utf-8")).hexdigest()


def file_of(unit_id: str) -> str:
    """The file that a unit or an outline is of, as "repository/path", from its id."""
    # symbols may hold a #; a path that does is cut short, which takes it for one file with others of that beginning
    return unit_id.partition("#")[0]


def units_frame(units: Iterable[CodeUnit], repo: str, version: str) -> pl.DataFrame:
    """Puts units into a frame of UNIT_SCHEMA, in the order given.

    Raises:
        ValueError: Two units have the same id; the message names them.
    """
    rows = [
        {
            "unit_id": f"{repo}/{unit.path}#{unit.symbol}@{unit.start_line}-{unit.end_line}",
            "repo": repo,
            "version": version,
            **asdict(unit),
            "content_hash": content_hash(unit.docstring, unit.body),
        }
        for unit in units
    ]
    frame = pl.DataFrame(rows, schema=UNIT_SCHEMA)
    repeated = frame.filter(pl.col("unit_id").is_duplicated())["unit_id"].unique().sort()
    if len(repeated):
        msg = f"{len(repeated)} unit ids of {repo} occur more than once: {', '.join(repeated[:10])}"
        raise ValueError(msg)
    return frame
