"""Pools hold the source and the proposers' best, once each, with who proposed them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.ledger import append_grades, load_grades
from xtr_pipeline.judge.pools import (
    POOL_SCHEMA,
    build_pool,
    pool_from_grades,
    propose,
    propose_many,
    reordered,
    stacked,
)
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline_tests.judge.sample_units import code_unit, grade_record, query_record, three_units, unit_row


def _units(count: int = 12) -> pl.DataFrame:
    return units_frame(
        [code_unit(f"f{number:02d}.py", f"f{number}", f"def f{number}(): return {number}") for number in range(count)],
        "toy",
        "1.0",
    )


UNITS = _units()
IDS = UNITS["unit_id"].to_list()
QUERY = query_record(unit_row(UNITS, "f0"))


def _proposed(pool: pl.DataFrame) -> dict[str, dict[str, int]]:
    return {row["unit_id"]: {each["proposer"]: each["rank"] for each in row["proposed_by"]} for row in pool.to_dicts()}


def test_a_pool_holds_the_source_and_each_proposers_best_in_turn() -> None:
    pool = build_pool(QUERY, UNITS, {"bm25": IDS[1:6], "base": IDS[6:11]}, size=5)
    assert pool.schema == POOL_SCHEMA
    assert set(pool["unit_id"]) == {IDS[0], IDS[1], IDS[6], IDS[2], IDS[7]}
    assert _proposed(pool)[IDS[0]] == {"source": 1}
    assert _proposed(pool)[IDS[7]] == {"base": 2}


def test_a_unit_that_two_propose_counts_once_with_both_ranks() -> None:
    pool = build_pool(QUERY, UNITS, {"bm25": [IDS[3], IDS[0]], "base": [IDS[4], IDS[5], IDS[3]]}, size=12)
    assert pool["unit_id"].is_unique().all()
    assert _proposed(pool)[IDS[3]] == {"bm25": 1, "base": 3}
    assert _proposed(pool)[IDS[0]] == {"bm25": 2, "source": 1}


def test_units_with_the_same_content_count_once() -> None:
    twins = units_frame(
        [code_unit(path, "twin", "def twin(): ...") for path in ("a.py", "b.py")]
        + [code_unit("c.py", "c", "def c(): 1")],
        "toy",
        "1.0",
    )
    query = query_record(unit_row(twins, "c"))
    pool = build_pool(query, twins, {"bm25": twins["unit_id"].to_list()})
    assert pool.height == 2
    assert pool["unit_hash"].is_unique().all()


def test_positions_run_from_one_in_an_order_drawn_from_the_seed() -> None:
    pools = [build_pool(QUERY, UNITS, {"bm25": IDS}, seed=seed) for seed in (1, 1, 2)]
    assert pools[0]["position"].to_list() == list(range(1, 13))
    assert pools[0].equals(pools[1])
    assert pools[0]["unit_id"].to_list() != pools[2]["unit_id"].to_list()


def test_the_source_is_not_always_first() -> None:
    places = set()
    for number in range(12):
        query = query_record(unit_row(UNITS, "f0"), f"some query number {number}")
        pool = build_pool(query, UNITS, {"bm25": IDS})
        places.add(pool.filter(pl.col("unit_id") == IDS[0])["position"].item())
    assert len(places) > 4


def test_a_lost_source_is_an_error() -> None:
    with pytest.raises(ValueError, match="no unit of toy has its source's content"):
        build_pool({**QUERY, "unit_hash": "0" * 64}, UNITS, {"bm25": IDS})


def test_a_proposal_that_is_not_in_the_corpus_is_an_error() -> None:
    with pytest.raises(ValueError, match="toy/gone"):
        build_pool(QUERY, UNITS, {"bm25": ["toy/gone.py#x@1-2"]})


def test_a_second_order_holds_the_same_units() -> None:
    pool = build_pool(QUERY, UNITS, {"bm25": IDS})
    again = reordered(pool, seed=1)
    assert set(again["unit_hash"]) == set(pool["unit_hash"])
    assert again["unit_hash"].to_list() != pool["unit_hash"].to_list()
    assert again["position"].to_list() == list(range(1, 13))


def test_a_pool_comes_back_from_its_grades(tmp_path: Path) -> None:
    units = three_units()
    rows = [unit_row(units, symbol) for symbol in ("parse_header", "fetch_with_retry")]
    append_grades(tmp_path, [grade_record(row, "q", 3, position=place) for place, row in enumerate(rows, start=1)])
    pool = pool_from_grades(load_grades(tmp_path), units)
    assert pool.schema == POOL_SCHEMA
    assert pool["unit_id"].to_list() == [row["unit_id"] for row in rows]


@dataclass(frozen=True)
class _Hit:
    unit_id: str


class _Ranker:
    def rank_units_many(self, queries: Sequence[str], mode: Mode, k: int) -> list[list[_Hit]]:
        return [[_Hit(f"{mode}:{query}")][:k] for query in queries]


def test_proposals_name_their_proposer() -> None:
    rankers: dict[str, tuple[_Ranker, Mode]] = {"bm25": (_Ranker(), "bm25"), "base": (_Ranker(), "semantic")}
    assert propose("q", rankers) == {"bm25": ["bm25:q"], "base": ["semantic:q"]}
    assert propose_many(["p", "q"], rankers) == [propose("p", rankers), propose("q", rankers)]
    assert propose_many([], rankers) == []


def test_no_pools_stack_to_an_empty_frame() -> None:
    assert stacked([]).schema == POOL_SCHEMA
