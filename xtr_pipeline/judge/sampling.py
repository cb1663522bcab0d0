"""Which units get queries written: substantial ones, spread over files, kinds and sizes by a seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from xtr_pipeline.judge.records import QUERY_KINDS, QueryKind


@dataclass(frozen=True)
class Sampling:
    """How units are chosen and how many queries of each kind a unit gets."""

    per_repo: int = 120
    per_file: int = 4
    seed: int = 1
    min_lines: int = 5  # lines with something on them; below, a unit is seldom worth a search
    max_lines: int = 90
    max_share: dict[str, float] = field(
        # what must not crowd out functions and methods, where behaviour is; and no size class the two others
        default_factory=lambda: {
            "module": 0.08,
            "window": 0.15,
            "type": 0.22,
            "impl": 0.15,
            "small": 0.45,
            "large": 0.45,
        }
    )
    # mean queries a unit; conceptual ones are refused most often, so more are asked for than the 55% that are wanted
    per_unit: dict[QueryKind, float] = field(
        default_factory=lambda: {"conceptual": 2.3, "question": 1.0, "keyword": 0.65}
    )


def sample_units(units: pl.DataFrame, sampling: Sampling, taken: Collection[str] = ()) -> pl.DataFrame:
    """At most `sampling.per_repo` substantial units of one repo, without those whose content hash is in `taken`.

    Files take turns (round k gives every file's k-th unit, in an order drawn from the seed), so that large files do
    not
    crowd out small ones; a kind or size class that has had its share waits until nothing else is left. A text that
    occurs
    twice is left out: its query would have two right answers. Rows come back sorted by path and line.
    """
    candidates = _substantial(units, sampling).filter(~pl.col("content_hash").is_in(list(taken)))
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


def _substantial(units: pl.DataFrame, sampling: Sampling) -> pl.DataFrame:
    lines = pl.col("body").str.split("\n").list.eval(pl.element().str.contains(r"[A-Za-z0-9]")).list.sum()
    return (
        units.with_columns(code_lines=lines.cast(pl.Int32))
        .filter(pl.col("code_lines").is_between(sampling.min_lines, sampling.max_lines))
        .filter(pl.len().over("content_hash") == 1)
        # a later part starts in the middle of something; only a first part can be understood by itself
        .filter(pl.col("part") == 0)
    )


def _taking_turns(candidates: pl.DataFrame, sampling: Sampling) -> Iterator[tuple[str, tuple[str, ...]]]:
    by_file: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    rows = candidates.select("unit_id", "path", "kind", "code_lines", "content_hash").iter_rows()
    for unit_id, path, kind, lines, unit_hash in rows:
        size = "small" if lines <= 10 else "large" if lines > 26 else "medium"
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
