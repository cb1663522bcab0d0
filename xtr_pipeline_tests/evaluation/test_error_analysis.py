"""Missed queries."""

import pytest

from xtr_pipeline.evaluation.error_analysis import missed_queries
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery

QUERIES = [EvalQuery(name, "repo", "conceptual", f"text {name}", ("right.py",)) for name in ("hit", "deep", "lost")]
RANKINGS = {
    "hit": ["right.py"],
    "deep": [*(f"f{n:02d}.py" for n in range(12)), "right.py"],
    "lost": ["near.py"],
}


def test_missed_queries_show_the_rank_of_the_right_file_and_what_won():
    missed = missed_queries(score_rankings(QUERIES, RANKINGS, model="m", mode="semantic"), QUERIES)
    assert missed.select("query_id", "query", "relevant", "first_rank", "won").rows() == [
        ("lost", "text lost", ["right.py"], None, ["near.py"]),
        ("deep", "text deep", ["right.py"], 13, ["f00.py", "f01.py", "f02.py"]),
    ]


def test_nothing_missed_gives_an_empty_table():
    frame = score_rankings(QUERIES[:1], {"hit": ["right.py"]}, model="m", mode="semantic")
    assert missed_queries(frame, QUERIES).is_empty()


def test_another_spec_than_the_one_that_was_run_is_an_error():
    frame = score_rankings(QUERIES, RANKINGS, model="m", mode="semantic")
    with pytest.raises(ValueError, match="deep, lost"):
        missed_queries(frame, QUERIES[:1])
