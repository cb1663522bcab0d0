"""When a loss curve counts as learning."""

import math

from xtr_pipeline.training.loss_health import end_means, loss_problems


def test_a_falling_loss_is_sound() -> None:
    assert loss_problems([2.0, 1.9, 1.0, 1.2, 0.9]) == []


def test_a_loss_that_does_not_fall_is_a_problem() -> None:
    assert "did not fall" in loss_problems([1.0, 1.1, 1.0, 1.2, 1.3])[0]


def test_a_loss_that_is_no_number_is_a_problem_at_its_step() -> None:
    assert loss_problems([1.0, math.nan, math.inf]) == ["the loss is not finite at step 2 (and 1 others)"]


def test_no_step_is_a_problem() -> None:
    assert loss_problems([]) == ["no step was taken"]


def test_ends_are_fifths() -> None:
    assert end_means([5.0, 3.0, 9, 9, 9, 9, 9, 9, 2.0, 0.0]) == (4.0, 1.0)
