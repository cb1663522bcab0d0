"""Kappas agree with hand calculations and with their definitions."""

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.judge.agreement import cohen_kappa, judged_twice, measure_agreement


def _grades(*pairs: tuple[int, int], query: str = "q") -> pl.DataFrame:
    rows = [
        {
            "query_id": query,
            "unit_hash": str(number),
            "repo": "toy",
            "rubric_version": "r1",
            "judge": "claude",
            "judging": judging,
            "grade": grade,
            "position": number + 1,
        }
        for number, pair in enumerate(pairs)
        for judging, grade in enumerate(pair, start=1)
    ]
    return pl.DataFrame(rows)


def test_full_agreement_is_one() -> None:
    agreement = measure_agreement(_grades((5, 5), (1, 1), (3, 3)))
    kappas = (agreement.kappa, agreement.kappa_quadratic, agreement.kappa_binary)
    assert (agreement.pairs, [kappa.value for kappa in kappas]) == (3, [1.0, 1.0, 1.0])
    assert agreement.mean_shift == 0.0


def test_kappa_follows_cohens_textbook_case() -> None:
    # 50 applicants, two readers: both yes 20, both no 15, 5 and 10 apart; kappa 0.4 (Cohen 1960)
    table = np.array([[20.0, 5.0], [10.0, 15.0]])
    assert cohen_kappa(table, np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(0.4)


def test_a_near_miss_costs_less_than_a_far_one_when_weighted() -> None:
    near = measure_agreement(_grades((5, 4), (1, 1), (3, 3), (2, 2)))
    far = measure_agreement(_grades((5, 1), (1, 1), (3, 3), (2, 2)))
    assert near.kappa_quadratic.value is not None and far.kappa_quadratic.value is not None
    assert near.kappa_quadratic.value > 0.9 > far.kappa_quadratic.value


def test_binary_kappa_sees_only_the_line_between_3_and_4() -> None:
    assert measure_agreement(_grades((5, 4), (1, 3), (2, 1), (4, 5))).kappa_binary.value == 1.0


def test_opposite_judges_are_below_chance() -> None:
    binary = measure_agreement(_grades((5, 1), (1, 5))).kappa_binary.value
    assert binary == -1.0


def test_a_lenient_second_judge_shows_as_a_shift() -> None:
    assert measure_agreement(_grades((2, 3), (3, 5))).mean_shift == 1.5


def test_without_second_judgings_nothing_is_claimed() -> None:
    agreement = measure_agreement(_grades((5, 5)).filter(pl.col("judging") == 1))
    assert (agreement.pairs, agreement.kappa.value, agreement.kappa_binary.low) == (0, None, None)


def test_kappa_is_undefined_where_both_always_say_the_same() -> None:
    assert measure_agreement(_grades((5, 5), (5, 5))).kappa.value is None


def test_judgings_under_different_rubrics_are_not_compared() -> None:
    grades = _grades((5, 5)).with_columns(rubric_version=pl.concat_str(pl.lit("r"), "judging"))
    assert judged_twice(grades).height == 0


def test_bounds_hold_the_value_and_widen_where_queries_differ() -> None:
    # ten queries in full agreement, and ten of which half the pairs are opposite
    same = [_grades((5, 5), (1, 1), (2, 2), query=f"s{number}") for number in range(10)]
    mixed = [_grades((5, 1), (1, 5), (5, 5), (1, 1), query=f"m{number}") for number in range(10)]
    agreement = measure_agreement(pl.concat([*same, *mixed]))
    kappa = agreement.kappa_binary
    assert kappa.low is not None and kappa.value is not None and kappa.high is not None
    assert kappa.low < kappa.value < kappa.high
    assert agreement.queries == 20
    steady = measure_agreement(pl.concat(mixed)).kappa_binary
    # the same agreement inside every query leaves nothing to chance between them
    assert (steady.low, steady.high) == (steady.value, steady.value)


def test_the_vectorised_kappa_is_the_loop_over_tables() -> None:
    tables = np.random.default_rng(0).integers(1, 9, size=(6, 5, 5)).astype(np.float64)
    weights = np.subtract.outer(np.arange(5.0), np.arange(5.0)) ** 2
    one_by_one = [float(cohen_kappa(table, weights)) for table in tables]
    assert cohen_kappa(tables, weights).tolist() == pytest.approx(one_by_one)
