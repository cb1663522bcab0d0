"""Exact MaxSim against a naive loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtr_pipeline.retrieval.maxsim import MaxSimBlocks, best_matches, maxsim_scores


def unit_vectors(rng: np.random.Generator, rows: int, dim: int) -> np.ndarray:
    vectors = rng.standard_normal((rows, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def naive_maxsim(queries: list[np.ndarray], documents: list[np.ndarray]) -> np.ndarray:
    """The definition as loops: mean over query tokens of the largest dot product."""
    return np.array(
        [
            [np.mean([max(float(q @ d) for d in document.astype(np.float32)) for q in query]) for document in documents]
            for query in queries
        ]
    )


def made_up_case(seed: int, queries: int, documents: int, dim: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    made_queries = [unit_vectors(rng, int(rng.integers(1, 6)), dim) for _ in range(queries)]
    made_documents = [unit_vectors(rng, int(rng.integers(1, 9)), dim).astype(np.float16) for _ in range(documents)]
    return made_queries, made_documents


def packed(documents: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate([[0], np.cumsum([len(document) for document in documents])]).astype(np.int64)
    return np.concatenate(documents), offsets


def test_two_documents_by_hand() -> None:
    query = np.array([[1, 0], [0, 1]], dtype=np.float32)
    vectors = np.array([[1, 0], [-1, 0], [0.5, 0.5]], dtype=np.float16)
    scores = maxsim_scores([query], vectors, np.array([0, 2, 3]))
    # the first document answers token one fully and token two not at all
    np.testing.assert_array_equal(scores, [[(1 + 0) / 2, (0.5 + 0.5) / 2]])


def test_a_similarity_below_zero_is_not_lifted_to_zero() -> None:
    query, vectors = np.array([[1.0, 0.0]], dtype=np.float32), np.array([[-1.0, 0.0]], dtype=np.float16)
    assert maxsim_scores([query], vectors, np.array([0, 1]))[0, 0] == -1.0


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    queries=st.integers(1, 5),
    documents=st.integers(1, 12),
    block_bytes=st.sampled_from([1, 200, 1_000, 10**6]),
    query_tokens=st.sampled_from([1, 4, 1_000]),
)
def test_blocked_scores_equal_a_naive_loop(
    seed: int, queries: int, documents: int, block_bytes: int, query_tokens: int
) -> None:
    made_queries, made_documents = made_up_case(seed, queries, documents, dim=4)
    vectors, offsets = packed(made_documents)
    scores = maxsim_scores(made_queries, vectors, offsets, MaxSimBlocks(block_bytes, query_tokens))
    np.testing.assert_allclose(scores, naive_maxsim(made_queries, made_documents), atol=1e-6)
    assert scores.dtype == np.float32
    found = best_matches(made_queries, vectors, offsets, MaxSimBlocks(block_bytes, query_tokens))
    assert [matches.shape for matches in found] == [(len(query), documents) for query in made_queries]
    np.testing.assert_allclose(np.stack([matches.mean(axis=0) for matches in found]), scores, atol=1e-6)


def test_one_query_scores_the_same_alone_and_among_others() -> None:
    queries, documents = made_up_case(1, 7, 30, dim=8)
    vectors, offsets = packed(documents)
    together = maxsim_scores(queries, vectors, offsets)
    alone = np.concatenate([maxsim_scores([query], vectors, offsets) for query in queries])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_no_queries_give_no_rows() -> None:
    assert maxsim_scores([], np.ones((2, 3), np.float16), np.array([0, 2])).shape == (0, 1)


def test_everything_that_does_not_fit_is_named_at_once() -> None:
    queries = [np.ones((1, 3), np.float32), np.ones((0, 4), np.float32)]
    with pytest.raises(ValueError, match=r"document 1 has no tokens.*query 0 has shape.*query 1 has shape"):
        maxsim_scores(queries, np.ones((2, 4), np.float16), np.array([0, 1, 1, 2]))


def test_offsets_that_miss_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to the 3 document tokens"):
        maxsim_scores([], np.ones((3, 2), np.float16), np.array([0, 2]))
