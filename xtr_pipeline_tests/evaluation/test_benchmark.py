"""A whole spec over several repositories."""

from pathlib import Path

import pytest

from xtr_pipeline.evaluation.benchmark import System, evaluate_corpora
from xtr_pipeline.evaluation.corpora import RepoCorpus
from xtr_pipeline.evaluation.metrics import PER_QUERY_SCHEMA
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.progress import EncodeProgress
from xtr_pipeline_tests.retrieval.conftest import make_units
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder

QUERIES = [
    EvalQuery("b-1", "b", "keyword", "parse url", ("url.py",)),
    EvalQuery("a-1", "a", "keyword", "prune archives", ("prune.py",)),
    EvalQuery("b-2", "b", "question", "nothing like it zzz", ("url.py",)),
]


@pytest.fixture
def corpora(tmp_path: Path) -> list[RepoCorpus]:
    return [
        RepoCorpus(
            "a", make_units([("prune.py", "prune", "prune archives"), ("x.py", "x", "else")], "a"), tmp_path / "a"
        ),
        RepoCorpus("b", make_units([("url.py", "parse", "parse url"), ("y.py", "y", "more")], "b"), tmp_path / "b"),
        RepoCorpus("unasked", make_units([("z.py", "z", "z")], "unasked"), tmp_path / "unasked"),
    ]


def test_rows_are_in_the_order_of_the_spec_over_all_repos(corpora: list[RepoCorpus]):
    frame = evaluate_corpora(QUERIES, corpora, System("bm25", "bm25", None))
    assert frame.schema == PER_QUERY_SCHEMA
    assert frame.select("query_id", "P@1").rows() == [("b-1", 1.0), ("a-1", 1.0), ("b-2", 0.0)]


def test_a_model_encodes_each_repo_that_is_asked_about_and_says_how_far_it_is(corpora: list[RepoCorpus]):
    encoder = FakeEncoder()
    heard: list[tuple[str, EncodeProgress]] = []
    frame = evaluate_corpora(
        QUERIES, corpora, System("fake", "semantic", encoder), lambda c: lambda p: heard.append((c.repo, p))
    )
    assert frame["P@1"].to_list()[:2] == [1.0, 1.0]
    assert frame["model"].unique().to_list() == ["fake"]
    assert len(encoder.encoded) == 8  # four units and their files' outlines
    assert {repo for repo, _ in heard} == {"a", "b"}


def test_an_index_that_is_there_is_used_again(corpora: list[RepoCorpus]):
    first, second = FakeEncoder(), FakeEncoder()
    before = evaluate_corpora(QUERIES, corpora, System("fake", "semantic", first))
    after = evaluate_corpora(QUERIES, corpora, System("fake", "semantic", second))
    assert second.encoded == []
    assert before.equals(after)


def test_bm25_mode_leaves_the_model_alone(corpora: list[RepoCorpus]):
    encoder = FakeEncoder()
    evaluate_corpora(QUERIES, corpora, System("bm25", "bm25", encoder))
    assert encoder.encoded == []


def test_a_mode_that_needs_a_model_needs_one():
    with pytest.raises(ValueError, match="hybrid mode needs a model"):
        System("none", "hybrid", None)


def test_a_repo_without_a_corpus_is_an_error(corpora: list[RepoCorpus]):
    with pytest.raises(ValueError, match="no corpus for b"):
        evaluate_corpora(QUERIES, corpora[:1], System("bm25", "bm25", None))
