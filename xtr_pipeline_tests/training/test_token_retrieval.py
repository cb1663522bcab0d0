"""XTR's training scores by hand-made cases, by a loop, and by equality with MaxSim."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.training.losses import maxsim_scores
from xtr_pipeline.training.token_retrieval import retrieved_scores
from xtr_pipeline_tests.training.test_losses import unit_vectors

Tile = tuple[mx.array, mx.array]


def tile(vectors: np.ndarray, lengths: list[int]) -> Tile:
    counted = np.arange(vectors.shape[1]) < np.array(lengths)[:, None]
    return mx.array(vectors), mx.array(counted.astype(np.int32))


def test_only_retrieved_tokens_count_and_the_sum_is_divided_by_the_query_tokens_that_retrieved():
    queries = tile(np.array([[[1.0, 0.0], [0.0, 1.0]]], dtype=np.float32), [2])
    documents = tile(
        np.array([[[1.0, 0.0], [0.6, 0.8]], [[0.8, 0.6], [-1.0, 0.0]]], dtype=np.float32),
        [2, 2],
    )
    # k = 1: the first query token retrieves (1, 0), the second (0.6, 0.8), both of the first document
    np.testing.assert_allclose(np.array(retrieved_scores(queries, [documents], 1)), [[0.9, 0.0]], atol=1e-6)
    # k = 2: the second document has one token among the two of each: 0.8 and 0.6
    np.testing.assert_allclose(np.array(retrieved_scores(queries, [documents], 2)), [[0.9, 0.7]], atol=1e-6)


@pytest.mark.parametrize("k", [1, 3, 10, 1000])
def test_it_equals_a_loop_and_however_documents_are_tiled(k: int):
    vectors, lengths = unit_vectors((6, 7, 5), 2), [7, 1, 3, 7, 5, 2]
    asked, query_lengths = unit_vectors((3, 4, 5), 1), [4, 2, 1]
    expected = np.zeros((3, 6))
    for q, query_length in enumerate(query_lengths):
        kept: list[list[float]] = [[] for _ in lengths]
        for token in asked[q, :query_length]:
            found = [
                (float(token @ vectors[d, place]), d) for d, length in enumerate(lengths) for place in range(length)
            ]
            best: dict[int, float] = {}
            for similarity, d in sorted(found, reverse=True)[:k]:
                best.setdefault(d, similarity)
            for d, similarity in best.items():
                kept[d].append(similarity)
        expected[q] = [np.mean(values) if values else 0.0 for values in kept]
    queries = tile(asked, query_lengths)
    one = retrieved_scores(queries, [tile(vectors, lengths)], k)
    two = retrieved_scores(queries, [tile(vectors[:2], lengths[:2]), tile(vectors[2:], lengths[2:])], k)
    np.testing.assert_allclose(np.array(one), expected, atol=1e-6)
    np.testing.assert_allclose(np.array(two), expected, atol=1e-6)


def test_retrieving_everything_is_maxsim():
    queries, documents = tile(unit_vectors((3, 4, 5), 1), [4, 2, 1]), tile(unit_vectors((6, 7, 5), 2), [7] * 6)
    scores = retrieved_scores(queries, [documents], k_train=42)
    np.testing.assert_allclose(np.array(scores), np.array(maxsim_scores(*queries, *documents)), atol=1e-6)


def test_padding_is_never_retrieved_and_gets_no_gradient():
    queries = tile(unit_vectors((2, 3, 4), 3), [3, 1])
    vectors, counted = tile(unit_vectors((3, 5, 4), 4), [5, 2, 1])

    def total(documents: mx.array) -> mx.array:
        summed: mx.array = retrieved_scores(queries, [(documents, counted)], 1000).sum()
        return summed

    gradient = np.array(mx.grad(total)(vectors))
    assert np.isfinite(gradient).all()
    assert (gradient[np.array(counted) == 0] == 0).all()
    assert np.abs(gradient[0]).max() > 0
