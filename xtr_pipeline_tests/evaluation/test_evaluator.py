"""From a searcher to the per-query frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from xtr_pipeline.evaluation.evaluator import DEPTH, evaluate_searcher
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.ranking import FileHit


@dataclass
class FakeSearcher:
    answers: dict[str, list[FileHit]]
    asked: list[tuple[tuple[str, ...], Mode, int]] = field(default_factory=list)

    def rank_files_many(self, queries: Sequence[str], mode: Mode, k: int) -> list[list[FileHit]]:
        self.asked.append((tuple(queries), mode, k))
        return [self.answers[query] for query in queries if query in self.answers]


def hit(path: str, score: float) -> FileHit:
    return FileHit(path, score, f"repo/{path}#f@1-2")


def test_a_searcher_is_asked_once_and_its_files_are_scored():
    queries = [
        EvalQuery("1", "repo", "keyword", "first", ("a.py",)),
        EvalQuery("2", "repo", "question", "second", ("a.py",)),
    ]
    searcher = FakeSearcher({"first": [hit("b.py", 0.2), hit("a.py", 0.2)], "second": []})
    frame = evaluate_searcher(searcher, queries, "hybrid", "base")
    assert searcher.asked == [(("first", "second"), "hybrid", DEPTH)]
    # a.py ties with b.py and comes first by path, although the searcher gave it last
    assert frame["P@1"].to_list() == [1, 0]
    assert frame.select("model", "mode", "query_id").rows() == [("base", "hybrid", "1"), ("base", "hybrid", "2")]


def test_queries_of_two_repos_are_refused():
    queries = [EvalQuery("1", "a", "keyword", "q", ("x",)), EvalQuery("2", "b", "keyword", "q", ("x",))]
    with pytest.raises(ValueError, match="one repo, the queries are about a, b"):
        evaluate_searcher(FakeSearcher({}), queries, "bm25", "-")


def test_a_searcher_that_loses_a_query_is_an_error():
    with pytest.raises(ValueError, match="1 queries were asked in a, 0 were answered"):
        evaluate_searcher(FakeSearcher({}), [EvalQuery("1", "a", "keyword", "q", ("x",))], "bm25", "-")
