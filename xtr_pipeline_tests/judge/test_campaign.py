"""A plan asks for what the ledger does not answer, and for nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pytest

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.campaign import (
    GradingPlan,
    plan_deeper_judging,
    plan_first_judging,
    plan_queries,
    plan_second_judging,
)
from xtr_pipeline.judge.ledger import GRADE_SCHEMA, QUERY_SCHEMA
from xtr_pipeline.judge.rubric import RubricChange
from xtr_pipeline.judge.sampling import Sampling
from xtr_pipeline.judge.standing_grades import asked_again, standing_grades
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline_tests.judge.sample_units import code_unit, grade_record, query_record, three_units, unit_row
from xtr_pipeline_tests.judge.test_attachment import ledger_frame

UNITS = units_frame(
    [code_unit(f"f{number:02d}.py", f"f{number}", f"def f{number}(): return {number}") for number in range(14)],
    "toy",
    "1.0",
)
ROWS = UNITS.to_dicts()
NO_QUERIES = pl.DataFrame(schema=QUERY_SCHEMA)
NO_GRADES = pl.DataFrame(schema=GRADE_SCHEMA)
QUERIES = pl.DataFrame([query_record(row, f"query about {row['symbol']}") for row in ROWS[:10]], schema=QUERY_SCHEMA)


@dataclass(frozen=True)
class _Hit:
    unit_id: str


class _Everything:
    def rank_units_many(self, queries: Sequence[str], mode: Mode, k: int) -> list[list[_Hit]]:
        assert mode == "bm25"
        return [[_Hit(unit) for unit in UNITS["unit_id"].to_list()[:k]] for _ in queries]


RANKERS: dict[str, tuple[_Everything, Mode]] = {"bm25": (_Everything(), "bm25")}


def _asked(plan: object) -> set[str]:
    return {request.manifest["query_id"] for request in plan.requests}  # type: ignore[attr-defined]


def test_units_that_have_a_query_or_are_asked_for_elsewhere_are_left_out() -> None:
    units = three_units()
    queries = pl.DataFrame([query_record(unit_row(units, "parse_header"))], schema=QUERY_SCHEMA)
    taken = {unit_row(units, "drop_old_entries")["content_hash"]}
    plan = plan_queries(units, queries, Sampling(), taken)
    assert [request.manifest["symbol"] for request in plan.requests] == ["fetch_with_retry"]
    assert len(plan_queries(units, NO_QUERIES, Sampling()).requests) == 3


def test_queries_without_grades_get_a_pool_of_the_right_size() -> None:
    plan = plan_first_judging(UNITS, QUERIES, NO_GRADES, lambda: RANKERS, GradingPlan(pool_size=11))
    assert _asked(plan) == set(QUERIES["query_id"])
    for request in plan.requests:
        assert len(request.manifest["units"]) == 11
        assert request.manifest["judging"] == 1


def test_graded_queries_and_those_asked_for_elsewhere_are_left_out() -> None:
    graded, elsewhere = QUERIES["query_id"][0], QUERIES["query_id"][1]
    grades = ledger_frame(grade_record(ROWS[0], QUERIES["query"][0], 5))
    plan = plan_first_judging(UNITS, QUERIES, grades, lambda: RANKERS, GradingPlan(taken=frozenset({elsewhere})))
    assert _asked(plan) == set(QUERIES["query_id"]) - {graded, elsewhere}


def test_grades_under_an_older_rubric_do_not_answer() -> None:
    grades = ledger_frame(grade_record(ROWS[0], QUERIES["query"][0], 5, rubric_version="r0"))
    assert len(plan_first_judging(UNITS, QUERIES, grades, lambda: RANKERS, GradingPlan()).requests) == 10


def _never() -> dict[str, tuple[_Everything, Mode]]:
    raise AssertionError("nothing has to be ranked")


def test_nothing_is_ranked_where_no_pool_is_to_be_filled() -> None:
    grades = ledger_frame(*(grade_record(ROWS[0], query, 5) for query in QUERIES["query"]))
    assert plan_first_judging(UNITS, QUERIES, grades, _never, GradingPlan()).requests == ()


def test_a_new_rubric_asks_again_only_for_the_grades_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = (RubricChange("r1"), RubricChange("r2", reasks=frozenset({3})))
    monkeypatch.setattr("xtr_pipeline.judge.standing_grades.RUBRIC_CHANGES", changes)
    grades = _graded_ledger()
    # the default of a function was bound at import
    monkeypatch.setattr(standing_grades, "__defaults__", (changes,))
    monkeypatch.setattr(asked_again, "__defaults__", (changes,))
    plan = plan_first_judging(UNITS, QUERIES, grades, _never, GradingPlan())
    named = grades.filter(pl.col("grade") == 3)
    shown = {
        (request.manifest["query_id"], unit["unit_hash"])
        for request in plan.requests
        for unit in request.manifest["units"]
    }
    assert shown == set(named.select("query_id", "unit_hash").iter_rows())
    again = named.with_columns(rubric_version=pl.lit("r2"), grade=pl.lit(3, pl.Int8))
    assert plan_first_judging(UNITS, QUERIES, pl.concat([grades, again]), _never, GradingPlan()).requests == ()


def test_a_limit_draws_by_seed() -> None:
    drawn = [
        _asked(plan_first_judging(UNITS, QUERIES, NO_GRADES, lambda: RANKERS, GradingPlan(limit=4, seed=seed)))
        for seed in (1, 1, 2)
    ]
    assert len(drawn[0]) == 4
    assert drawn[0] == drawn[1] != drawn[2]


def test_queries_whose_unit_is_gone_are_counted_not_asked() -> None:
    plan = plan_first_judging(UNITS.tail(13), QUERIES, NO_GRADES, dict, GradingPlan())
    assert (len(plan.requests), plan.orphans) == (9, 1)


def _graded_ledger() -> pl.DataFrame:
    return ledger_frame(
        *(
            grade_record(unit, query, 1 + place % 5, position=place)
            for query in QUERIES["query"]
            for place, unit in enumerate(ROWS[:8], start=1)
        )
    )


def test_a_second_judging_shows_a_share_of_the_same_pools_in_another_order_without_grades() -> None:
    plan = plan_second_judging(UNITS, QUERIES, _graded_ledger(), GradingPlan(second_share=0.3))
    assert len(plan.requests) == 3
    first_order = [row["content_hash"] for row in ROWS[:8]]
    for request in plan.requests:
        shown = [unit["unit_hash"] for unit in request.manifest["units"]]
        assert sorted(shown) == sorted(first_order)
        assert shown != first_order
        assert request.manifest["judging"] == 2
        assert "It does that." not in request.user


def test_a_second_judging_adds_only_what_is_missing_from_the_share() -> None:
    grades = _graded_ledger()
    first = plan_second_judging(UNITS, QUERIES, grades, GradingPlan(second_share=0.3))
    done = next(iter(_asked(first)))
    text = QUERIES.row(by_predicate=pl.col("query_id") == done, named=True)["query"]
    more = pl.concat([grades, ledger_frame(*(grade_record(unit, text, 3, judging=2) for unit in ROWS[:8]))])
    assert _asked(plan_second_judging(UNITS, QUERIES, more, GradingPlan(second_share=0.3))) == _asked(first) - {done}


def test_a_deeper_judging_asks_for_what_is_ranked_first_now_and_was_never_graded() -> None:
    grades = ledger_frame(*(grade_record(unit, QUERIES["query"][0], 1) for unit in ROWS[:3]))
    plan = plan_deeper_judging(UNITS, QUERIES, grades, lambda: RANKERS, GradingPlan(depth=5))
    (request,) = plan.requests
    assert request.manifest["judging"] == 1
    assert request.manifest["query_id"] == QUERIES["query_id"][0]
    ranked = [UNITS["content_hash"][place] for place in range(5)]
    graded = {unit["content_hash"] for unit in ROWS[:3]}
    assert {unit["unit_hash"] for unit in request.manifest["units"]} == set(ranked) - graded
    again = GradingPlan(depth=5, taken=frozenset(_asked(plan)))
    assert not plan_deeper_judging(UNITS, QUERIES, grades, lambda: RANKERS, again).requests
    assert not plan_deeper_judging(UNITS, QUERIES, grades, lambda: RANKERS, GradingPlan(depth=3)).requests
    assert not plan_deeper_judging(UNITS, QUERIES, NO_GRADES, lambda: RANKERS, GradingPlan()).requests


def test_nothing_graded_means_nothing_to_judge_again() -> None:
    assert plan_second_judging(UNITS, QUERIES, NO_GRADES, GradingPlan()).requests == ()
