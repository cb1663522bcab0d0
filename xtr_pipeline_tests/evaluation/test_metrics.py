"""Metrics against hand-computed rankings."""

import math
from dataclasses import dataclass

import pytest

from xtr_pipeline.evaluation.metrics import METRICS, PER_QUERY_SCHEMA, RankingError, ranked_paths, score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery


@dataclass(frozen=True)
class File:
    path: str
    score: float


def query(name: str, *relevant: str) -> EvalQuery:
    return EvalQuery(name, "repo", "conceptual", f"text of {name}", relevant)


def score(ranking: list[str], *relevant: str) -> dict[str, float]:
    frame = score_rankings([query("q", *relevant)], {"q": ranking}, model="m", mode="semantic")
    assert frame.schema == PER_QUERY_SCHEMA
    return frame.row(0, named=True)


def test_the_relevant_file_at_rank_one_is_perfect():
    row = score(["right", "wrong"], "right")
    assert [row[metric] for metric in METRICS] == [1, 1, 1, 1, 1]
    assert row["first_rank"] == 1


def test_two_relevant_files_of_which_one_is_at_rank_three():
    row = score(["x", "y", "one", *(f"f{n}" for n in range(7)), "two"], "one", "two")
    assert row["R@10"] == 0.5
    assert row["P@1"] == 0
    assert row["MRR"] == pytest.approx(1 / 3)
    assert row["nDCG@10"] == pytest.approx((1 / math.log2(4)) / (1 + 1 / math.log2(3)))
    assert row["Success@10"] == 1
    assert row["first_rank"] == 3
    assert row["ranked"] == ["x", "y", "one", *(f"f{n}" for n in range(7))]


def test_rank_eleven_counts_for_mrr_only():
    row = score([*(f"f{n:02d}" for n in range(10)), "right"], "right")
    assert [row[metric] for metric in METRICS] == [0, 0, pytest.approx(1 / 11), 0, 0]
    assert row["first_rank"] == 11


def test_a_query_without_a_result_counts_zero():
    queries = [query("found", "a"), query("missing", "a"), query("empty", "a")]
    frame = score_rankings(queries, {"found": ["a"], "empty": []}, model="m", mode="bm25")
    assert frame["query_id"].to_list() == ["found", "missing", "empty"]
    for metric in METRICS:
        assert frame[metric].to_list() == [1, 0, 0]
    assert frame["first_rank"].to_list() == [1, None, None]


def test_no_result_for_any_query_is_zero_and_not_an_error():
    frame = score_rankings([query("q", "a")], {}, model="m", mode="bm25")
    assert frame.select(METRICS).row(0) == (0, 0, 0, 0, 0)


def test_a_thousand_ranks_keep_their_order():
    row = score([f"f{n:04d}" for n in range(999)] + ["right"], "right")
    assert row["MRR"] == pytest.approx(1 / 1000)
    assert row["first_rank"] == 1000


def test_ties_are_broken_by_path_and_not_by_insertion():
    tied = [File("b.py", 0.5), File("c.py", 0.9), File("a.py", 0.5)]
    assert ranked_paths(tied) == ranked_paths(tied[::-1]) == ["c.py", "a.py", "b.py"]


def test_scores_that_float32_cannot_tell_apart_keep_their_order():
    hits = [File("a.py", 1.0), File("z.py", 1.0 + 1e-12)]
    assert score(ranked_paths(hits), "z.py")["P@1"] == 1


def test_a_nan_score_is_an_error():
    with pytest.raises(RankingError, match=r"NaN for b\.py"):
        ranked_paths([File("a.py", 1.0), File("b.py", math.nan)])


def test_broken_rankings_are_all_named():
    queries = [query("q", "a"), query("q", "a")]
    with pytest.raises(RankingError) as caught:
        score_rankings(queries, {"q": ["a", "a"], "other": []}, model="m", mode="bm25")
    for part in ("query ids occur twice: q", "not asked: other", "query 'q': a path is ranked twice"):
        assert part in str(caught.value)
