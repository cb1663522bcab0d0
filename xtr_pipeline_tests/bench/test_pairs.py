"""Ratios are of pairs, and the two sides take turns."""

import pytest

from xtr_pipeline.bench.pairs import alternate, ratio_of


def test_the_ratio_is_the_median_of_pairs_and_not_the_ratio_of_medians() -> None:
    # the third pair was taken while the machine was busy: it slowed both alike
    ratio = ratio_of([1.0, 2.0, 30.0], [2.0, 4.0, 60.0])
    assert (ratio.median, ratio.low, ratio.high, ratio.pairs) == (0.5, 0.5, 0.5, 3)
    assert (ratio.ours, ratio.theirs) == (2.0, 4.0)
    assert ratio_of([1.0, 3.0], [1.0, 1.0]).high == 3.0


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], [1.0, 2.0])])
def test_timings_that_make_no_pairs_are_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="make no pairs"):
        ratio_of(ours, theirs)


def test_both_take_turns_at_going_first_and_the_warm_up_is_thrown_away() -> None:
    calls: list[str] = []

    def side(name: str):  # noqa: ANN202 - a closure for this test
        def timed(number: int) -> float:
            calls.append(f"{name}{number}")
            return float(number)

        return timed

    ours, theirs = alternate(side("a"), side("b"), pairs=2, warm_up=1)
    assert calls == ["a0", "b0", "b1", "a1", "a2", "b2"]
    assert (ours, theirs) == ([1.0, 2.0], [1.0, 2.0])
