"""The machine-readable report."""

import json

import pytest

from xtr_pipeline.evaluation.json_report import json_report
from xtr_pipeline.evaluation.metrics import METRICS, score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery

QUERIES = [
    EvalQuery("1", "a", "conceptual", "first", ("x.py", "y.py")),
    EvalQuery("2", "b", "keyword", "second", ("x.py",)),
]
FRAME = score_rankings(QUERIES, {"1": ["z.py", "x.py"]}, model="base", mode="semantic")


def test_figures_are_plain_numbers_overall_and_in_every_part():
    report = json.loads(json.dumps(json_report(FRAME, QUERIES, {"model": "base"})))
    assert report["model"] == "base"
    assert report["queries"] == 2
    assert report["R@10"] == 0.25
    assert report["MRR"] == 0.25
    assert report["by_kind"]["conceptual"]["R@10"] == 0.5
    assert report["by_repo"]["b"]["Success@10"] == 0
    assert report["groups"]["semantic"]["P@1"] == 0
    for part in (report, *report["by_kind"].values(), *report["by_repo"].values()):
        assert all(isinstance(part[metric], int | float) for metric in METRICS)


def test_bounds_have_the_shape_of_the_figures():
    report = json_report(FRAME, QUERIES, {})
    bounds = report["bounds"]
    assert set(bounds) == {*METRICS, "by_kind", "by_repo", "groups"}
    assert bounds["Success@10"]["low"] < report["Success@10"] < bounds["Success@10"]["high"]
    for part in ("by_kind", "by_repo", "groups"):
        assert set(bounds[part]) == set(report[part])
    assert set(bounds["by_repo"]["a"]) == set(METRICS)


def test_ranks_are_listed_per_query():
    first, second = json_report(FRAME, QUERIES, {})["per_query"]
    assert first["first_rank"] == 2
    assert first["ranked"] == ["z.py", "x.py"]
    assert first["R@10"] == 0.5
    assert (second["id"], second["query"], second["relevant"]) == ("2", "second", ["x.py"])
    assert second["first_rank"] is None
    assert second["ranked"] == []
    assert second["MRR"] == pytest.approx(0)
