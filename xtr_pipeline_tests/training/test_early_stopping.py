"""Early stopping: improvement, ties, and measurements that are no numbers."""

from __future__ import annotations

import pytest

from xtr_pipeline.training.early_stopping import EarlyStopping


def test_the_best_measurement_is_kept_and_the_others_are_waited_for():
    stopping = EarlyStopping()
    for step, value in ((1, 0.2), (2, 0.5), (3, 0.4), (4, 0.5)):
        stopping = stopping.after(step, value, least_gain=0.0)
    assert stopping == EarlyStopping(best=0.5, best_step=2, waited=2)


def test_a_gain_below_the_least_gain_is_no_improvement():
    stopping = EarlyStopping(best=0.5, best_step=1)
    assert stopping.after(2, 0.505, least_gain=0.01).best_step == 1
    assert stopping.after(2, 0.52, least_gain=0.01).best_step == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_measurement_that_is_no_number_is_an_error(value: float):
    with pytest.raises(ValueError, match="at step 7"):
        EarlyStopping().after(7, value, least_gain=0.0)
