"""What is taken off the scores of files with many units."""

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.retrieval.file_size import size_handicaps


def test_the_logarithm_of_how_many_units_a_file_has_counts_for_each_of_them() -> None:
    found = size_handicaps(pl.Series(["b", "a", "b", "c", "b", "a"]), 0.5)
    assert found.dtype == np.float32
    assert found == pytest.approx(0.5 * np.log([3, 2, 3, 1, 3, 2]))


def test_nothing_is_taken_off_without_a_weight() -> None:
    assert not size_handicaps(pl.Series(["a", "a"]), 0.0).any()
