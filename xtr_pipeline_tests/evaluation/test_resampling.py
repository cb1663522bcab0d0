"""Bootstrap resamples."""

import numpy as np
import pytest

from xtr_pipeline.evaluation import resampling
from xtr_pipeline.evaluation.resampling import resampled_means


def test_means_are_over_rows_drawn_with_replacement():
    means = resampled_means(np.array([[0.0, 10.0], [1.0, 11.0]]), resamples=200)
    assert means.shape == (200, 2)
    assert set(means[:, 0]) == {0.0, 0.5, 1.0}
    # one draw for all metrics of a query
    np.testing.assert_array_equal(means[:, 1], means[:, 0] + 10)


def test_drawing_in_blocks_gives_what_drawing_at_once_gives(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(0).random((30, 2))
    whole = resampled_means(values, resamples=500)
    monkeypatch.setattr(resampling, "_CELLS_AT_ONCE", 30 * 7)
    np.testing.assert_array_equal(resampled_means(values, resamples=500), whole)


def test_no_value_smaller_means_no_mean_smaller():
    random = np.random.default_rng(0)
    values = random.random((40, 1))
    raised = values + random.random((40, 1)) * (random.random((40, 1)) < 0.2)
    assert (resampled_means(raised, resamples=1000) >= resampled_means(values, resamples=1000)).all()
