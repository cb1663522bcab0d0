"""Two best units of every file, and what is taken off for having many."""

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.retrieval.file_scores import best_two, size_handicaps


def test_the_logarithm_of_how_many_units_a_file_has_counts_for_each_of_them() -> None:
    found = size_handicaps(pl.Series(["b", "a", "b", "c", "b", "a"]), 0.5)
    assert found.dtype == np.float32
    assert found == pytest.approx(0.5 * np.log([3, 2, 3, 1, 3, 2]))


def test_nothing_is_taken_off_without_a_weight() -> None:
    assert not size_handicaps(pl.Series(["a", "a"]), 0.0).any()


def test_the_best_unit_of_each_file_and_the_score_of_the_next() -> None:
    best, second = best_two(np.array([9.0, 8, 7, 6, 5, 4]), np.array([2, 0, 2, 1, 2, 0]))
    assert best.tolist() == [1, 3, 0]
    assert second.tolist() == [4, 6, 7]


def test_no_units_are_no_files() -> None:
    best, second = best_two(np.zeros(0), np.zeros(0, dtype=np.int64))
    assert (len(best), len(second)) == (0, 0)
