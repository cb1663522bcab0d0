"""Regression, ordinal and margin losses by hand-made cases."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.training.examples import UNJUDGED
from xtr_pipeline.training.graded_losses import margin_loss, mse_loss, ordinal_loss
from xtr_pipeline.training.losses import IGNORED

SPREAD = 0.2
WANTED = mx.array([[0.5, 0.45, 0.35, 0.3]])  # the distances of the grades 5, 4, 2, 1 at that spread, from any level
MARKS = mx.array([[5, 4, 2, 1]])

Loss = Callable[[mx.array, mx.array], mx.array]

LOSSES: dict[str, Loss] = {
    "mse": lambda scores, grades: mse_loss(scores, grades, SPREAD),
    "ordinal": lambda scores, grades: ordinal_loss(scores, grades, 0.05, SPREAD),
    "margin": lambda scores, grades: margin_loss(scores, grades, SPREAD),
}


@pytest.mark.parametrize("name", ["mse", "margin"])
def test_the_wanted_distances_cost_nothing_at_any_level(name: str):
    assert LOSSES[name](WANTED, MARKS).item() == pytest.approx(0.0, abs=1e-6)
    assert LOSSES[name](WANTED - 0.4, MARKS).item() == pytest.approx(0.0, abs=1e-6)


def test_mse_is_the_mean_squared_error_in_units_of_the_spread():
    # grades 5 and 1 are to lie 0.2 apart and lie 0.1 apart: each is 0.05 off, a quarter of the spread
    assert mse_loss(mx.array([[0.6, 0.5]]), mx.array([[5, 1]]), SPREAD).item() == pytest.approx(0.25**2)
    # the other way round, each is 0.2 off
    assert mse_loss(mx.array([[0.4, 0.6]]), mx.array([[5, 1]]), SPREAD).item() == pytest.approx(1.0)


def test_margin_is_what_is_missing_of_each_pair_of_different_grades():
    # (5, 3): 0.1 wanted and reached; (5, 1): 0.2 wanted, 0.05 reached; (3, 1): 0.1 wanted, -0.05 reached
    scores, grades = mx.array([[0.5, 0.4, 0.45]]), mx.array([[5, 3, 1]])
    assert margin_loss(scores, grades, SPREAD).item() == pytest.approx((0 + 0.15 + 0.15) / SPREAD / 3, rel=1e-5)
    assert margin_loss(mx.array([[0.9, 0.1]]), mx.array([[5, 4]]), SPREAD).item() == 0.0


def test_ordinal_is_the_mean_logistic_loss_over_the_four_thresholds():
    # two candidates at their wanted places: 0.2 and 0.0 on a scale with thresholds 0.025, 0.075, 0.125, 0.175
    at_place = ordinal_loss(mx.array([[0.6, 0.4]]), mx.array([[5, 1]]), 0.05, SPREAD).item()
    distances = [0.025, 0.075, 0.125, 0.175]
    assert at_place == pytest.approx(np.mean([math.log1p(math.exp(-d / 0.05)) for d in distances]), rel=1e-5)
    assert ordinal_loss(mx.array([[0.4, 0.6]]), mx.array([[5, 1]]), 0.05, SPREAD).item() > at_place


@pytest.mark.parametrize("name", LOSSES)
def test_only_judged_candidates_of_queries_with_an_order_count(name: str):
    loss = LOSSES[name]
    alone = loss(mx.array([[0.5, 0.6]]), mx.array([[5, 1]])).item()
    assert alone > 0
    scores = mx.array([[0.5, 0.6, 0.9, 0.9], [0.1, 0.9, 0.3, 0.2]])
    grades = mx.array([[5, 1, UNJUDGED, IGNORED], [3, 3, UNJUDGED, UNJUDGED]])
    assert loss(scores, grades).item() == pytest.approx(alone, rel=1e-6)
    assert loss(scores[1:], grades[1:]).item() == 0.0


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_down_the_gradient_lifts_the_better_candidate(name: str):
    gradient = np.array(mx.grad(lambda scores: LOSSES[name](scores, mx.array([[5, 2, UNJUDGED]])))(mx.zeros((1, 3))))
    assert np.isfinite(gradient).all()
    assert gradient[0, 0] < 0 < gradient[0, 1]
    assert gradient[0, 2] == 0
