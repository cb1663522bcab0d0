"""Which units get queries written: substantial ones, spread over files, kinds and sizes by a seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from xtr_pipeline.judge.records import QUERY_KINDS, QueryKind

_NO_STATEMENT = r"^\s*(?://|#|/?\*|--|import\b|from\b.*\bimport\b|use\b|using\b|include\b|package\b|@)"
_TEST_SYMBOL = r"(?i)(?:^|[.:])tests?(?:_|::|\.|$)|^Test[A-Z]"
_TEST_BODY = r"#\[(?:tokio::)?test|#\[cfg\(test"
# constructors and protocol methods; worth a query only where they decide something
_SPECIAL_METHOD = r"^__\w+__$"
_DECIDES = r"(?m)^\s*(?:if|elif|for|while|try|with|match|yield|raise)\b"


@dataclass(frozen=True)
class Sampling:
    """How units are chosen and how many queries of each kind a unit gets."""

    per_repo: int = 120
    per_file: int = 4
    seed: int = 1
    min_lines: int = 6  # statement lines; below, a unit is seldom worth a search
    max_lines: int = 90
    # What must not crowd out whole functions and methods, where behaviour is. "cut" is the first part of a definition
    # that is longer than a unit, "small" a whole unit of at most 10 statement lines.
    max_share: Mapping[str, float] = field(
        default_factory=lambda: {
            "module": 0.06,
            "window": 0.15,
            "type": 0.14,
            "impl": 0.05,
            "cut": 0.4,
            "small": 0.45,
        }
    )
    # mean queries a unit; conceptual ones are refused most often, so more are asked for than the 55% that are wanted
    per_unit: Mapping[QueryKind, float] = field(
        default_factory=lambda: {"conceptual": 2.3, "question": 1.0, "keyword": 0.65}
    )


def sample_units(units: pl.DataFrame, sampling: Sampling, taken: Collection[str] = ()) -> pl.DataFrame:
    """At most `sampling.per_repo` substantial units of one repo, without those whose content hash is in `taken`.

    Files take turns (round k gives every file's k-th unit, in an order drawn from the seed), so that large files do not
    crowd out small ones; a kind or size class that has had its share waits until nothing else is left. A text that
    occurs twice is left out: its query would have two right answers. Rows come back sorted by path and line.
    """
    candidates = substantial(units, sampling).filter(~pl.col("content_hash").is_in(list(taken)))
    queue = list(_taking_turns(candidates, sampling))
    chosen: list[str] = []
    counts: Counter[str] = Counter()
    left: list[str] = []
    for unit_id, labels in queue:
        if len(chosen) == sampling.per_repo:
            break
        limits = [
            (label, sampling.max_share[label] * sampling.per_repo) for label in labels if label in sampling.max_share
        ]
        if any(counts[label] + 1 > limit for label, limit in limits):
            left.append(unit_id)
            continue
        counts.update(labels)
        chosen.append(unit_id)
    chosen += left[: sampling.per_repo - len(chosen)]
    return candidates.filter(pl.col("unit_id").is_in(chosen)).sort("path", "start_line", "unit_id")


def wanted_kinds(unit_hash: str, sampling: Sampling) -> dict[QueryKind, int]:
    """How many queries of each kind to ask for: the mean's whole part, and one more by a draw from seed and hash."""
    wanted: dict[QueryKind, int] = {}
    for kind in QUERY_KINDS:
        mean = sampling.per_unit.get(kind, 0.0)
        draw = int(_order(sampling.seed, kind, unit_hash)[:8], 16) / 2**32
        wanted[kind] = int(mean) + (draw < mean - int(mean))
    return wanted


def substantial(units: pl.DataFrame, sampling: Sampling) -> pl.DataFrame:
    """The units worth a query, with `code_lines` (statement lines) and `cut` (more parts follow)."""
    lines = (
        pl.col("body")
        .str.split("\n")
        .list.eval(pl.element().str.contains(r"[A-Za-z0-9]") & ~pl.element().str.contains(_NO_STATEMENT))
    )
    name = pl.col("symbol").str.split(".").list.last()
    test = pl.col("symbol").str.contains(_TEST_SYMBOL) | pl.col("body").str.contains(_TEST_BODY)
    plumbing = name.str.contains(_SPECIAL_METHOD) & ~pl.col("body").str.contains(_DECIDES)
    return (
        units.sort("path", "symbol", "kind", "start_line", "part")
        .with_columns(
            code_lines=lines.list.sum().cast(pl.Int32()),
            cut=(pl.col("part").shift(-1).fill_null(0) > 0).fill_null(False),
        )
        .filter(pl.col("code_lines").is_between(sampling.min_lines, sampling.max_lines))
        .filter(pl.len().over("content_hash") == 1)
        # a later part starts in the middle of something; only a first part can be understood by itself
        .filter(pl.col("part") == 0)
        # one-liners that were put together have no one job to ask for
        .filter(~pl.col("symbol").str.contains(", ", literal=True))
        .filter(~test & ~plumbing)
    )


def _taking_turns(candidates: pl.DataFrame, sampling: Sampling) -> Iterator[tuple[str, tuple[str, ...]]]:
    by_file: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    rows = candidates.select("unit_id", "path", "kind", "code_lines", "cut", "content_hash").iter_rows()
    for unit_id, path, kind, lines, cut, unit_hash in rows:
        size = "cut" if cut else "small" if lines <= 10 else "whole"
        by_file.setdefault(path, []).append((_order(sampling.seed, "unit", unit_hash), unit_id, (kind, size)))
    files = sorted(by_file, key=lambda path: _order(sampling.seed, "file", path))
    for members in by_file.values():
        members.sort()
    for turn in range(sampling.per_file):
        for path in files:
            if turn < len(by_file[path]):
                _, unit_id, labels = by_file[path][turn]
                yield unit_id, labels


def _order(seed: int, purpose: str, key: str) -> str:
    """A hash to sort by: a shuffle that does not depend on what else is there."""
    return hashlib.sha256(f"{seed}\n{purpose}\n{key}".encode()).hexdigest()


def shuffled(keys: Sequence[str], seed: int, purpose: str) -> list[str]:
    """The keys in an order drawn from seed and purpose, independent of the order they came in."""
    return sorted(keys, key=lambda key: (_order(seed, purpose, key), key))
