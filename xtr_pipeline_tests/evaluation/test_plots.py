"""Plots as PNG bytes."""

import io
import sys

import numpy as np
import polars as pl
import pytest
from PIL import Image

from xtr_pipeline.evaluation.plots import grade_histogram, loss_curve, recall_per_repo
from xtr_pipeline_tests.evaluation.runs import run_of

HISTORY = pl.DataFrame({"step": [1, 2, 3], "loss": [2.0, 1.0, 0.5], "dev": [None, 0.5, 0.7]})


def pixels(png: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


def test_a_loss_curve_shows_the_dev_metric_only_where_there_is_one():
    with_dev, without = pixels(loss_curve(HISTORY)), pixels(loss_curve(HISTORY.drop("dev")))
    never_measured = pixels(loss_curve(HISTORY.with_columns(dev=pl.lit(None, dtype=pl.Float64))))
    assert with_dev.shape == without.shape == (360, 640, 3)
    assert (with_dev != without).any()
    np.testing.assert_array_equal(without, never_measured)


def test_bars_per_repo_differ_when_the_figures_do():
    low, high = run_of({"keyword": [0.1, 0.2]}), run_of({"keyword": [0.9, 1.0]})
    assert (pixels(recall_per_repo(low)) != pixels(recall_per_repo(high))).any()
    both = pl.concat([low, run_of({"keyword": [1.0]}, model="base")])
    assert (pixels(recall_per_repo(both, target=0.9)) != pixels(recall_per_repo(both))).any()


def test_a_grade_histogram_is_drawn():
    assert (pixels(grade_histogram({1: 50, 5: 3})) != pixels(grade_histogram({1: 3, 5: 50}))).any()


def test_the_same_figures_give_the_same_bytes():
    assert loss_curve(HISTORY) == loss_curve(HISTORY)


def test_nothing_to_plot_is_an_error():
    with pytest.raises(ValueError, match="no step"):
        loss_curve(HISTORY.clear())
    with pytest.raises(ValueError, match="no query"):
        recall_per_repo(run_of({"keyword": [1]}).clear())
    with pytest.raises(ValueError, match="no grades"):
        grade_histogram({})


def test_drawing_leaves_no_global_state():
    before = "matplotlib.pyplot" in sys.modules
    loss_curve(HISTORY)
    assert ("matplotlib.pyplot" in sys.modules) == before
