"""Means with bounds, by part."""

import polars as pl
import pytest

from xtr_pipeline.evaluation.bounds import wilson_interval
from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.summary import summarise
from xtr_pipeline_tests.evaluation.runs import run_of, shares

RUN = run_of({"conceptual": [1, 0, 0.5, 0], "question": [1, 1], "keyword": [1, 1, 0, 1]})


def test_means_are_over_queries_and_not_over_kinds_or_repos():
    summary = summarise(RUN, resamples=200)
    assert summary["queries"] == 10
    assert summary["R@10"]["value"] == pytest.approx(6.5 / 10)
    assert summary["by_kind"]["conceptual"]["R@10"]["value"] == pytest.approx(1.5 / 4)
    assert summary["groups"]["semantic"]["R@10"]["value"] == pytest.approx(3.5 / 6)
    assert summary["groups"]["semantic"]["queries"] == 6
    assert summary["by_repo"]["repo1"]["R@10"]["value"] == pytest.approx(3 / 5)
    assert set(summary["by_kind"]) == {"conceptual", "question", "keyword"}


def test_every_figure_has_bounds_around_it():
    summary = summarise(RUN, resamples=500)
    for part in (summary, *summary["by_kind"].values(), *summary["by_repo"].values(), *summary["groups"].values()):
        for metric in METRICS:
            assert 0 <= part[metric]["low"] <= part[metric]["value"] <= part[metric]["high"] <= 1


def test_success_has_the_wilson_interval_and_shares_the_bootstrap():
    run = run_of({"keyword": shares(18, 20)})
    summary = summarise(run, resamples=2000)
    wilson = wilson_interval(18, 20)
    for metric in ("P@1", "Success@10"):
        assert (summary[metric]["low"], summary[metric]["high"]) == (wilson.low, wilson.high)
    assert summary["R@10"]["high"] == 1.0


def test_a_kind_of_somebody_elses_benchmark_is_summarised_without_a_group():
    summary = summarise(run_of({"stack trace": [1, 0]}), resamples=100)
    assert set(summary["by_kind"]) == {"stack trace"}
    assert summary["groups"] == {}


def test_two_runs_in_one_frame_are_refused():
    with pytest.raises(ValueError, match="one model in one mode, not 2"):
        summarise(pl.concat([RUN, run_of({"keyword": [1]}, model="base")]))


def test_an_empty_frame_is_refused():
    with pytest.raises(ValueError, match="not 0"):
        summarise(RUN.clear())


def test_a_null_metric_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        summarise(RUN.with_columns(MRR=pl.lit(None, dtype=pl.Float64)))
