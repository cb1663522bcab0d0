"""Bounds against published values."""

import numpy as np
import pytest

from xtr_pipeline.evaluation.bounds import bootstrap_intervals, wilson_interval, wilson_lower


@pytest.mark.parametrize(("successes", "trials"), [(187, 200), (279, 300), (462, 500)])
def test_the_one_sided_wilson_bound_clears_090_at_the_known_counts_and_not_one_fewer(successes: int, trials: int):
    assert wilson_lower(successes, trials) > 0.90
    assert wilson_lower(successes - 1, trials) < 0.90


def test_the_two_sided_wilson_interval_matches_published_values():
    # Newcombe 1998, table I: 81/263, 15/148 and 0/20
    for (successes, trials), (low, high) in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
    }.items():
        interval = wilson_interval(successes, trials)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_all_successes_leave_room_below_and_none_above():
    interval = wilson_interval(20, 20)
    assert interval.high == 1.0
    assert 0.8 < interval.low < 0.9
    assert wilson_lower(20, 20) > interval.low


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 5), (6, 5), (float("nan"), 5)])
def test_what_is_no_proportion_is_an_error(successes: float, trials: int):
    with pytest.raises(ValueError, match="no proportion"):
        wilson_lower(successes, trials)


def test_the_bootstrap_of_a_coin_matches_the_normal_approximation():
    values = np.array([[1.0]] * 60 + [[0.0]] * 40)
    (interval,) = bootstrap_intervals(values, seed=1)
    assert interval.low == pytest.approx(0.6 - 1.96 * (0.24 / 100) ** 0.5, abs=0.011)
    assert interval.high == pytest.approx(0.6 + 1.96 * (0.24 / 100) ** 0.5, abs=0.011)


def test_the_bootstrap_is_seeded_and_treats_columns_alike():
    values = np.random.default_rng(0).random((50, 1))
    both = bootstrap_intervals(np.hstack([values, values]), seed=3)
    assert both[0] == both[1] == bootstrap_intervals(np.hstack([values, values]), seed=3)[0]
    assert both[0].low == pytest.approx(bootstrap_intervals(values, seed=3)[0].low)
    assert bootstrap_intervals(values, seed=4) != bootstrap_intervals(values, seed=3)


def test_equal_values_have_no_spread():
    (interval,) = bootstrap_intervals(np.full((10, 1), 0.25))
    assert (interval.low, interval.high) == (0.25, 0.25)


@pytest.mark.parametrize("values", [np.empty((0, 1)), np.array([[np.nan], [1.0]])])
def test_nothing_and_nan_cannot_be_resampled(values: np.ndarray):
    with pytest.raises(ValueError, match="cannot resample"):
        bootstrap_intervals(values)
