"""Candidate pools: which units of a repo are graded for a query, and who proposed each at which rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import polars as pl

from xtr_pipeline.judge.ledger import PROPOSALS
from xtr_pipeline.judge.sampling import shuffled
from xtr_pipeline.retrieval.modes import Mode

SOURCE = "source"
DEFAULT_POOL_SIZE = 12
PROPOSAL_DEPTH = 40

POOL_SCHEMA = pl.Schema(
    {
        "query_id": pl.String(),
        "repo": pl.String(),
        "unit_id": pl.String(),
        "unit_hash": pl.String(),
        "position": pl.Int16(),  # 1-based place in the list that the judge sees
        "proposed_by": PROPOSALS,
    }
)


class Hit(Protocol):
    """A ranked unit."""

    @property
    def unit_id(self) -> str:
        """Which unit."""


class UnitRanker(Protocol):
    """The one thing a pool needs of a searcher."""

    def rank_units_many(self, queries: Sequence[str], mode: Mode, k: int) -> Sequence[Sequence[Hit]]:
        """The k best units of each query, best first."""


def propose(
    query: str, rankers: Mapping[str, tuple[UnitRanker, Mode]], depth: int = PROPOSAL_DEPTH
) -> dict[str, list[str]]:
    """The unit ids that each proposer ranks first for one query. `rankers`: proposer name to (searcher, mode)."""
    return propose_many([query], rankers, depth)[0]


def propose_many(
    queries: Sequence[str], rankers: Mapping[str, tuple[UnitRanker, Mode]], depth: int = PROPOSAL_DEPTH
) -> list[dict[str, list[str]]]:
    """`propose` for many queries, ranked in one go."""
    proposals: list[dict[str, list[str]]] = [{} for _ in queries]
    for name, (ranker, mode) in rankers.items():
        ranked = ranker.rank_units_many(queries, mode, depth) if queries else []
        for proposed, hits in zip(proposals, ranked, strict=True):
            proposed[name] = [hit.unit_id for hit in hits]
    return proposals


def build_pool(
    query: Mapping[str, str],
    units: pl.DataFrame,
    proposals: Mapping[str, Sequence[str]],
    size: int = DEFAULT_POOL_SIZE,
    seed: int = 1,
) -> pl.DataFrame:
    """The pool of one query: its source unit, then each proposer's best in turn, up to `size`; shuffled by `seed`.

    `query` holds query_id, repo and unit_hash; `proposals` maps a proposer (bm25, base, the checkpoint's name) to
    unit ids,
    best first. Units with the same content count once. Proposers' ranks are kept for every unit that made it, also
    where
    another proposer brought it. Raises ValueError when a proposed unit, or the source's content, is not among
    `units`.
    """
    hash_of = dict(units.select("unit_id", "content_hash").iter_rows())
    source = units.filter(pl.col("content_hash") == query["unit_hash"]).sort("unit_id")
    unknown = sorted({unit for ranked in proposals.values() for unit in ranked if unit not in hash_of})
    if source.is_empty():
        raise ValueError(f"query {query['query_id']}: no unit of {query['repo']} has its source's content; cut again?")
    if unknown:
        raise ValueError(f"query {query['query_id']}: proposed units are not in the corpus: {', '.join(unknown[:5])}")
    first_id = {query["unit_hash"]: str(source["unit_id"][0])}
    ranks: dict[str, dict[str, int]] = {query["unit_hash"]: {SOURCE: 1}}
    for proposer, ranked in proposals.items():
        for rank, unit_id in enumerate(ranked, start=1):
            first_id.setdefault(hash_of[unit_id], unit_id)
            ranks.setdefault(hash_of[unit_id], {}).setdefault(proposer, rank)
    chosen = _take_in_turn(query["unit_hash"], ranks, tuple(proposals), size)
    order = shuffled(chosen, seed, query["query_id"])
    rows = [
        {
            "query_id": query["query_id"],
            "repo": query["repo"],
            "unit_id": first_id[unit_hash],
            "unit_hash": unit_hash,
            "position": position,
            "proposed_by": [{"proposer": name, "rank": rank} for name, rank in sorted(ranks[unit_hash].items())],
        }
        for position, unit_hash in enumerate(order, start=1)
    ]
    return pl.DataFrame(rows, schema=POOL_SCHEMA)


def _take_in_turn(
    source: str, ranks: Mapping[str, Mapping[str, int]], proposers: Sequence[str], size: int
) -> list[str]:
    by_proposer = {
        name: sorted((found[name], unit_hash) for unit_hash, found in ranks.items() if name in found)
        for name in proposers
    }
    chosen = [source]
    depth = max((len(ranked) for ranked in by_proposer.values()), default=0)
    for turn in range(depth):
        for name in proposers:
            if len(chosen) >= size:
                return chosen
            if turn < len(by_proposer[name]) and by_proposer[name][turn][1] not in chosen:
                chosen.append(by_proposer[name][turn][1])
    return chosen


def reordered(pool: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The same pool of one query in another order, for a second judging that must not see the first one's order."""
    query_id = str(pool["query_id"][0])
    order = shuffled(pool["unit_hash"].to_list(), seed, f"again {query_id}")
    place = {unit_hash: position for position, unit_hash in enumerate(order, start=1)}
    return pool.with_columns(position=pl.col("unit_hash").replace_strict(place, return_dtype=pl.Int16)).sort("position")


def pool_from_grades(grades: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The pools that were graded, rebuilt from grade records whose unit's content is still in the corpus."""
    known = units.sort("unit_id").unique("content_hash", keep="first", maintain_order=True)
    return (
        grades.unique(["query_id", "unit_hash"], keep="first", maintain_order=True)
        .join(known.select("unit_id", unit_hash="content_hash"), on="unit_hash", how="inner")
        .select(list(POOL_SCHEMA))
        .sort("query_id", "position", "unit_hash")
    )


def stacked(pools: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Many queries' pools as one frame; the empty frame of the right schema when there are none."""
    frames = list(pools)
    return pl.concat(frames) if frames else pl.DataFrame(schema=POOL_SCHEMA)
