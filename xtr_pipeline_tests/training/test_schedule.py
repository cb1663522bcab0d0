"""The learning rate: up to the peak, down to the floor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xtr_pipeline.training.recipe import JUDGED, Decay
from xtr_pipeline.training.schedule import learning_rate

RECIPE = replace(JUDGED, learning_rate=1.0, warmup_share=0.2, final_rate=0.1)


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_the_rate_rises_linearly_to_the_peak_and_falls_to_the_floor(decay: Decay):
    recipe = replace(RECIPE, decay=decay)
    rates = [learning_rate(recipe, step, 10) for step in range(1, 11)]
    assert rates[:3] == pytest.approx([0.5, 1.0, 1.0])
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert learning_rate(recipe, 11, 10) == pytest.approx(0.1)
    assert rates[-1] > 0.1
    assert all(rate > 0 for rate in rates)


def test_linear_and_cosine_meet_in_the_middle_and_differ_beside_it():
    linear = [learning_rate(RECIPE, step, 10) for step in range(1, 11)]
    cosine = [learning_rate(replace(RECIPE, decay="cosine"), step, 10) for step in range(1, 11)]
    assert linear[6] == pytest.approx(cosine[6])
    assert cosine[4] > linear[4]
    assert cosine[8] < linear[8]


def test_a_run_of_one_step_takes_it_at_the_peak():
    assert learning_rate(RECIPE, 1, 1) == 1.0
