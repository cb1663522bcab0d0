"""Cuts a source tree into code units, and reports what was cut and what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from xtr_pipeline.corpus.file_kinds import FileKind, kind_by_content, kind_by_name
from xtr_pipeline.corpus.grammars import parse
from xtr_pipeline.corpus.parts import WINDOW, Line, Window, split_parts
from xtr_pipeline.corpus.pieces import Piece, share_out
from xtr_pipeline.corpus.selection import select_files
from xtr_pipeline.corpus.source_text import MAX_FILE_BYTES, SourceText, decode
from xtr_pipeline.corpus.symbols import find_symbols
from xtr_pipeline.corpus.token_estimate import estimated_tokens
from xtr_pipeline.corpus.units import CodeUnit, units_frame

_INDEX_NAMES = frozenset({"__init__", "__main__", "index", "init", "lib", "main", "mod"})


@dataclass(frozen=True)
class CutReport:
    """What cutting a tree came to; every file that was selected is counted once in `files` or in `skipped`.

    Attributes:
        files: Files cut into units.
        units: Units made of them.
        files_by_language, units_by_language, units_by_kind: The same, divided.
        skipped: Reason -> files not cut (see source_text.py and file_kinds.py for the limits behind the reasons).
        skipped_paths: Reason -> up to SHOWN_PATHS of those files.
        syntax_errors: Language -> files whose syntax tree has errors; they are cut all the same.
        lossy: Files that are not UTF-8 throughout; the bad bytes became U+FFFD.
        long_lines: Lines that were shortened.
        licence_lines: Lines of licence headers, which are in no unit.
    """

    files: int
    units: int
    files_by_language: Mapping[str, int]
    units_by_language: Mapping[str, int]
    units_by_kind: Mapping[str, int]
    skipped: Mapping[str, int]
    skipped_paths: Mapping[str, tuple[str, ...]]
    syntax_errors: Mapping[str, int]
    lossy: int
    long_lines: int
    licence_lines: int


@dataclass(frozen=True)
class Cut:
    """The units of a tree (UNIT_SCHEMA, by path and line) and the report on how they came about."""

    units: pl.DataFrame
    report: CutReport


@dataclass(frozen=True)
class FileCut:
    """The units of one file, or the reason why it has none."""

    units: tuple[CodeUnit, ...] = ()
    language: str = ""
    skipped: str = ""
    has_syntax_error: bool = False
    lossy: bool = False
    long_lines: int = 0
    licence_lines: int = 0


SHOWN_PATHS = 20


def cut_tree(  # noqa: PLR0913, PLR0917 - a tree, what it is called, and what of it is cut how
    root: Path, repo: str, version: str, roots: Sequence[str], excludes: Sequence[str], window: Window = WINDOW
) -> Cut:
    """Cuts the selected files of a tree into units.

    Args:
        root: Top folder of the tree.
        repo: Name of the repository, first part of every unit id.
        version: Version of the tree, stored with every unit.
        roots: What belongs to the corpus, as in `select_files`.
        excludes: What does not.
        window: What a unit may hold.

    Raises:
        SelectionError: A pattern is malformed.
        FileNotFoundError: `root` is not a folder.
        OSError: A selected file cannot be read.
    """
    files = {path: _cut_path(root / path, path, window) for path in select_files(root, roots, excludes)}
    units = units_frame((unit for file in files.values() for unit in file.units), repo, version)
    return Cut(units, _report(files))


def cut_file(path: str, data: bytes, window: Window = WINDOW) -> FileCut:
    """Cuts one file, given its path (for its name only), its bytes and what a unit may hold."""
    by_name = kind_by_name(path)
    if by_name is not None and by_name.skipped:
        return FileCut(skipped=by_name.skipped)
    source = decode(data)
    if isinstance(source, str):
        return FileCut(skipped=source)
    kind = kind_by_content(by_name, source.text)
    if kind.skipped:
        return FileCut(skipped=kind.skipped)
    return _cut_source(path, kind, source, window)


def _cut_path(file: Path, path: str, window: Window) -> FileCut:
    """Reads and cuts a file; one over the limit is not read whole."""
    with file.open("rb") as stream:
        return cut_file(path, stream.read(MAX_FILE_BYTES + 1), window)


def _cut_source(path: str, kind: FileKind, source: SourceText, window: Window) -> FileCut:
    """Cuts decoded text by its grammar, or into line windows without one."""
    name = module_name(path)
    has_error, licence = False, 0
    if kind.grammar is None:
        pieces = [Piece("window", name, list(range(len(source.lines))))]
    else:
        parsed = parse(kind.grammar, source.text)
        found = find_symbols(parsed, kind.grammar, source.lines)
        pieces = share_out(source.lines, found, name)
        has_error, licence = parsed.root.has_error, len(found.licence)
    units = tuple(unit for piece in pieces for unit in _units_of(piece, path, kind.language, source.lines, window))
    if not units:
        return FileCut(skipped="no words")
    return FileCut(units, kind.language, "", has_error, source.lossy, source.long_lines, licence)


def module_name(path: str) -> str:
    """The name that a whole file goes by: its stem, or its folder's name for an index file (`__init__`, `mod`, …)."""
    pure = PurePosixPath(path)
    return pure.parent.name if pure.stem in _INDEX_NAMES and pure.parent.name else pure.stem or pure.name


def _units_of(piece: Piece, path: str, language: str, lines: Sequence[str], window: Window) -> list[CodeUnit]:
    """Turns a piece into its unit, or into the parts of it."""
    overhead = estimated_tokens(path) + estimated_tokens(piece.symbol)
    units = []
    for part, shown in enumerate(split_parts(_lines_of(piece, lines), overhead, window)):
        rows = [line.row for line in shown if line.text.strip()]
        docstring = "\n".join(line.text for line in shown if line.is_doc).strip()
        body = "\n".join(line.text for line in shown if not line.is_doc).strip("\n")
        first, last = min(rows) + 1, max(rows) + 1
        units.append(CodeUnit(path, piece.symbol, piece.kind, language, first, last, part, docstring, body))
    return units


def _lines_of(piece: Piece, lines: Sequence[str]) -> list[Line]:
    """The rows of a piece as they are shown: docstring without markup, runs of blank lines as one, none in outlines."""
    outline = set(piece.outline)
    shown: list[Line] = []
    for row in sorted({*piece.rows, *outline}):
        line = Line(row, piece.docs.get(row, lines[row].rstrip()), row in piece.docs)
        if row in outline and shown and not shown[-1].text:
            shown.pop()
        if line.text or (shown and shown[-1].text and shown[-1].row not in outline):
            shown.append(line)
    return shown


def _report(files: Mapping[str, FileCut]) -> CutReport:
    """Adds up what happened to each file."""
    cut = [file for file in files.values() if not file.skipped]
    skipped = {path: file.skipped for path, file in files.items() if file.skipped}
    reasons = sorted(set(skipped.values()))
    return CutReport(
        files=len(cut),
        units=sum(len(file.units) for file in cut),
        files_by_language=_counts(file.language for file in cut),
        units_by_language=_counts(unit.language for file in cut for unit in file.units),
        units_by_kind=_counts(unit.kind for file in cut for unit in file.units),
        skipped=_counts(skipped.values()),
        skipped_paths={
            reason: tuple(path for path, why in skipped.items() if why == reason)[:SHOWN_PATHS] for reason in reasons
        },
        syntax_errors=_counts(file.language for file in cut if file.has_syntax_error),
        lossy=sum(file.lossy for file in cut),
        long_lines=sum(file.long_lines for file in cut),
        licence_lines=sum(file.licence_lines for file in cut),
    )


def _counts(values: Iterable[str]) -> dict[str, int]:
    """Counts values, sorted by name so that reports compare equal."""
    return dict(sorted(Counter(values).items()))
