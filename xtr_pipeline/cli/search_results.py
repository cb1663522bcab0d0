"""What `xtr search` shows of its hits: for people and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from xtr_pipeline.retrieval.ranking import FileHit

# Enough to see the signature and what the documentation begins with.
CODE_LINES = 6

# Columns that code stands to the right of its heading.
INDENT = 4


@dataclass(frozen=True)
class SearchResult:
    """One file found, shown by its best unit.

    Attributes:
        rank: 1 is best.
        path: Relative to the searched folder.
        symbol: Qualified name of the unit.
        kind: What it is: function, method, type, impl, module, window.
        language: As the cutter names it.
        start_line, end_line: 1-based, inclusive.
        score: Comparable within this search only.
        code: The unit's first `CODE_LINES` lines.
    """

    rank: int
    path: str
    symbol: str
    kind: str
    language: str
    start_line: int
    end_line: int
    score: float
    code: str


def describe_hits(hits: Sequence[FileHit], units: pl.DataFrame, root: Path) -> list[SearchResult]:
    """Joins hits with their units and reads the first lines of code from the files under `root`."""
    wanted = units.filter(pl.col("unit_id").is_in([hit.unit_id for hit in hits]))
    unit_of = {unit["unit_id"]: unit for unit in wanted.iter_rows(named=True)}
    return [_describe(rank, hit, unit_of[hit.unit_id], root) for rank, hit in enumerate(hits, start=1)]


def _describe(rank: int, hit: FileHit, unit: dict[str, object], root: Path) -> SearchResult:
    start, end = int(str(unit["start_line"])), int(str(unit["end_line"]))
    lines = (root / hit.path).read_text(encoding="utf-8", errors="replace").splitlines()
    return SearchResult(
        rank=rank,
        path=hit.path,
        symbol=str(unit["symbol"]),
        kind=str(unit["kind"]),
        language=str(unit["language"]),
        start_line=start,
        end_line=end,
        score=hit.score,
        code="\n".join(lines[start - 1 : min(end, start - 1 + CODE_LINES)]),
    )


def results_as_json(results: Sequence[SearchResult], query: str, mode: str, model: str | None) -> str:
    """The search as one JSON object: query, mode, model (null in bm25 mode), results best first."""
    report = {"query": query, "mode": mode, "model": model, "results": [asdict(result) for result in results]}
    return json.dumps(report, indent=2, ensure_ascii=False)


def print_results(results: Sequence[SearchResult], console: Console) -> None:
    """Prints `path:lines`, symbol, score and the first lines of code of every result, best first."""
    for result in results:
        head = Text()
        head.append(f"{result.path}:{result.start_line}-{result.end_line}", style="bold cyan")
        head.append(f"  {result.symbol}", style="bold")
        head.append(f"  {result.kind}  {result.score:.3f}", style="dim")
        console.print(head, soft_wrap=True)
        _print_code(result, console)
        console.print()


def _print_code(result: SearchResult, console: Console) -> None:
    """Highlighted and cut to the width of a terminal; whole lines elsewhere, so that a pipe gets them as they stand."""
    code = textwrap.dedent(result.code)
    if console.is_terminal:
        lexer = Syntax.guess_lexer(result.path, code)
        console.print(Padding(Syntax(code, lexer, background_color="default"), (0, 0, 0, INDENT)))
    else:
        console.print(Text(textwrap.indent(code, " " * INDENT)), soft_wrap=True)
