"""Paired significance."""

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.significance import UnpairedError, compare_runs, pair_runs, paired_bootstrap
from xtr_pipeline_tests.evaluation.runs import run_of


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


def test_equal_systems_differ_in_nothing():
    (test,) = paired_bootstrap(column(0, 1, 1), column(0, 1, 1))
    assert test.difference == 0
    assert test.p_worse == test.p_better == 1


def test_one_better_query_among_many_is_no_significant_gain():
    (test,) = paired_bootstrap(column(*[1.0] * 50), column(0, *[1.0] * 49))
    assert test.difference == pytest.approx(1 / 50)
    # the better query is missing from a resample with probability (49/50)^50
    assert test.p_better == pytest.approx((49 / 50) ** 50, abs=0.02)
    assert test.p_worse == 1


def test_many_worse_queries_are_a_significant_loss_and_mirrored_a_gain():
    worse, better = column(*[0.0] * 10, *[1.0] * 40), column(*[1.0] * 50)
    (loss,) = paired_bootstrap(worse, better)
    (gain,) = paired_bootstrap(better, worse)
    assert loss.p_worse < 0.001 < loss.p_better
    assert loss.difference == -gain.difference == pytest.approx(-0.2)
    assert (gain.p_better, gain.p_worse) == (loss.p_worse, loss.p_better)


def test_pairing_sees_what_means_alone_do_not():
    # the same means; paired, nothing but noise of equal size both ways
    first, second = column(*[1.0, 0.0] * 20), column(*[0.0, 1.0] * 20)
    (test,) = paired_bootstrap(first, second)
    assert 0.3 < test.p_worse < 0.7


def test_thirds_that_cancel_count_as_no_difference():
    (test,) = paired_bootstrap(column(1 / 3, 2 / 3), column(2 / 3, 1 / 3), resamples=2000)
    assert test.p_worse == pytest.approx(0.75, abs=0.04)


def test_the_p_value_is_never_zero():
    (test,) = paired_bootstrap(column(*[0.0] * 20), column(*[1.0] * 20), resamples=99)
    assert test.p_worse == 0.01


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        paired_bootstrap(column(1), column(1, 2))


def test_runs_are_paired_by_query_whatever_their_order():
    first = run_of({"keyword": [1, 0, 0.5]})
    tests = compare_runs(first, first.reverse())
    assert list(tests) == list(METRICS)
    assert all(test.difference == 0 and test.p_worse == 1 for test in tests.values())


def test_runs_over_different_queries_are_refused_with_what_is_missing():
    first = run_of({"keyword": [1, 0]})
    with pytest.raises(UnpairedError) as caught:
        pair_runs(pl.concat([first, first.head(1)]), run_of({"keyword": [1], "question": [1]}))
    for part in (
        "first run holds queries twice: keyword-000",
        "first run lacks 1 queries: question-000",
        "second run lacks 1 queries: keyword-001",
    ):
        assert part in str(caught.value)
