"""Kappas agree with hand calculations and with their definitions."""

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.judge.agreement import cohen_kappa, judged_twice, measure_agreement


def _grades(*pairs: tuple[int, int]) -> pl.DataFrame:
    rows = [
        {
            "query_id": "q",
            "unit_hash": str(number),
            "repo": "toy",
            "rubric_version": "r1",
            "judge": "claude",
            "judging": judging,
            "grade": grade,
        }
        for number, pair in enumerate(pairs)
        for judging, grade in enumerate(pair, start=1)
    ]
    return pl.DataFrame(rows)


def test_full_agreement_is_one() -> None:
    agreement = measure_agreement(_grades((5, 5), (1, 1), (3, 3)))
    assert (agreement.pairs, agreement.kappa, agreement.kappa_quadratic, agreement.kappa_binary) == (3, 1.0, 1.0, 1.0)
    assert agreement.mean_shift == 0.0


def test_kappa_follows_cohens_textbook_case() -> None:
    # 50 applicants, two readers: both yes 20, both no 15, 5 and 10 apart; kappa 0.4 (Cohen 1960)
    table = np.array([[20.0, 5.0], [10.0, 15.0]])
    assert cohen_kappa(table, np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(0.4)


def test_a_near_miss_costs_less_than_a_far_one_when_weighted() -> None:
    near = measure_agreement(_grades((5, 4), (1, 1), (3, 3), (2, 2)))
    far = measure_agreement(_grades((5, 1), (1, 1), (3, 3), (2, 2)))
    assert near.kappa_quadratic is not None and far.kappa_quadratic is not None
    assert near.kappa_quadratic > 0.9 > far.kappa_quadratic


def test_binary_kappa_sees_only_the_line_between_3_and_4() -> None:
    assert measure_agreement(_grades((5, 4), (1, 3), (2, 1), (4, 5))).kappa_binary == 1.0


def test_opposite_judges_are_below_chance() -> None:
    binary = measure_agreement(_grades((5, 1), (1, 5))).kappa_binary
    assert binary == -1.0


def test_a_lenient_second_judge_shows_as_a_shift() -> None:
    assert measure_agreement(_grades((2, 3), (3, 5))).mean_shift == 1.5


def test_without_second_judgings_nothing_is_claimed() -> None:
    agreement = measure_agreement(_grades((5, 5)).filter(pl.col("judging") == 1))
    assert (agreement.pairs, agreement.kappa, agreement.kappa_binary) == (0, None, None)


def test_kappa_is_undefined_where_both_always_say_the_same() -> None:
    assert measure_agreement(_grades((5, 5), (5, 5))).kappa is None


def test_judgings_under_different_rubrics_are_not_compared() -> None:
    grades = _grades((5, 5)).with_columns(rubric_version=pl.concat_str(pl.lit("r"), "judging"))
    assert judged_twice(grades).height == 0
