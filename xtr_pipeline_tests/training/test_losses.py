"""Scores and losses by hand-made cases and by equality with loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.training.losses import (
    IGNORED,
    MASKED,
    UNJUDGED,
    contrastive_loss,
    listwise_loss,
    maxsim_scores,
)


def unit_vectors(shape: tuple[int, ...], seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def grades(*rows: tuple[int, ...]) -> mx.array:
    return mx.array(np.array(rows, dtype=np.int32))


def test_maxsim_of_a_hand_made_pair_is_the_mean_of_the_best_matches():
    queries = mx.array([[[1.0, 0.0], [0.0, 1.0]]])
    documents = mx.array([[[1.0, 0.0], [0.6, 0.8]], [[-1.0, 0.0], [0.0, -1.0]]])
    scores = maxsim_scores(queries, mx.ones((1, 2)), documents, mx.ones((2, 2)))
    np.testing.assert_allclose(np.array(scores), [[(1.0 + 0.8) / 2, 0.0]], atol=1e-6)


def test_maxsim_equals_a_loop_over_queries_documents_and_tokens():
    queries, documents = unit_vectors((3, 4, 5), 1), unit_vectors((6, 7, 5), 2)
    query_lengths, document_lengths = [4, 2, 1], [7, 1, 3, 7, 5, 2]
    query_mask = (np.arange(4) < np.array(query_lengths)[:, None]).astype(np.int32)
    document_mask = (np.arange(7) < np.array(document_lengths)[:, None]).astype(np.int32)
    scores = maxsim_scores(*map(mx.array, (queries, query_mask, documents, document_mask)))
    expected = [
        [float((queries[q, :ql] @ documents[d, :dl].T).max(axis=1).mean()) for d, dl in enumerate(document_lengths)]
        for q, ql in enumerate(query_lengths)
    ]
    np.testing.assert_allclose(np.array(scores), expected, atol=1e-6)


def test_padding_never_beats_a_negative_similarity():
    queries = mx.array([[[1.0, 0.0]]])
    documents = mx.array([[[-1.0, 0.0], [0.0, 0.0]]])  # a zero vector as padding has similarity 0 > -1
    masked = maxsim_scores(queries, mx.ones((1, 1)), documents, mx.array([[1, 0]]))
    assert masked.item() == -1.0


def test_what_stands_in_the_padding_changes_no_score_and_no_gradient():
    documents = unit_vectors((2, 4, 3), 3)
    mask = mx.array([[1, 1, 0, 0], [1, 1, 1, 0]])
    queries, query_mask = mx.array(unit_vectors((2, 3, 3), 4)), mx.array([[1, 1, 1], [1, 0, 0]])

    def total(values: mx.array) -> mx.array:
        return maxsim_scores(queries, query_mask, values, mask).sum()

    other = documents.copy()
    other[0, 2:], other[1, 3:] = 0.9, -0.7
    assert total(mx.array(documents)).item() == total(mx.array(other)).item()
    gradient = np.array(mx.grad(total)(mx.array(documents)))
    assert not gradient[0, 2:].any()
    assert not gradient[1, 3:].any()
    assert gradient[0, :2].any()


def test_a_document_without_tokens_scores_masked_and_a_query_without_tokens_scores_zero():
    queries, documents = mx.array(unit_vectors((2, 2, 3), 5)), mx.array(unit_vectors((2, 2, 3), 6))
    scores = np.array(maxsim_scores(queries, mx.array([[1, 1], [0, 0]]), documents, mx.array([[1, 1], [0, 0]])))
    assert scores[0, 1] == MASKED
    assert (scores[1] == 0).all()
    assert -1 <= scores[0, 0] <= 1


def test_contrastive_loss_of_one_positive_and_one_negative_is_the_log_of_one_plus_e_to_the_difference():
    loss = contrastive_loss(mx.array([[0.5, 0.3]]), grades((5, 1)), temperature=0.1)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)


def test_a_positive_never_competes_with_another_positive():
    alone = contrastive_loss(mx.array([[0.5, 0.3]]), grades((5, 1)), temperature=0.1)
    both = contrastive_loss(mx.array([[0.5, 0.5, 0.3]]), grades((5, 4, 1)), temperature=0.1)
    assert both.item() == pytest.approx(alone.item(), abs=1e-6)


def test_grade_three_and_ignored_candidates_change_neither_loss_nor_gradient():
    scores = mx.array([[0.5, 0.3, 0.9, 0.9]])
    without = contrastive_loss(scores[:, :2], grades((5, 1)), temperature=0.1)
    marked = grades((5, 1, 3, IGNORED))
    assert contrastive_loss(scores, marked, temperature=0.1).item() == pytest.approx(without.item(), abs=1e-6)
    gradient = np.array(mx.grad(lambda s: contrastive_loss(s, marked, temperature=0.1))(scores))
    assert (gradient[0, 2:] == 0).all()
    assert gradient[0, 0] < 0 < gradient[0, 1]


def test_candidates_of_other_queries_are_negatives():
    scores = mx.array([[0.5, 0.3], [0.2, 0.6]])
    loss = contrastive_loss(scores, grades((5, UNJUDGED), (UNJUDGED, 5)), temperature=0.1)
    expected = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-4))) / 2
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_queries_without_a_positive_are_left_out_of_the_contrastive_mean():
    alone = contrastive_loss(mx.array([[0.5, 0.3]]), grades((5, 1)), temperature=0.1)
    two = contrastive_loss(mx.array([[0.5, 0.3], [0.1, 0.2]]), grades((5, 1), (1, 2)), temperature=0.1)
    none = contrastive_loss(mx.array([[0.5, 0.3]]), grades((1, 2)), temperature=0.1)
    assert two.item() == pytest.approx(alone.item(), abs=1e-6)
    assert none.item() == 0.0


def test_the_gradient_stays_finite_without_negatives_and_with_masked_scores():
    scores = mx.array([[0.5, MASKED, MASKED]])
    for marks in (grades((5, IGNORED, IGNORED)), grades((IGNORED, IGNORED, IGNORED)), grades((5, UNJUDGED, 1))):
        for loss in (
            lambda s, marks=marks: contrastive_loss(s, marks, temperature=0.02),
            lambda s, marks=marks: listwise_loss(s, marks, temperature=0.02, grade_spread=0.2),
        ):
            value, gradient = mx.value_and_grad(loss)(scores)
            assert math.isfinite(value.item())
            assert np.isfinite(np.array(gradient)).all()


def test_listwise_loss_is_zero_exactly_where_the_scores_have_the_wanted_distances():
    marks = grades((1, 5, 3))
    wanted = mx.array([[0.40, 0.60, 0.50]])
    assert listwise_loss(wanted, marks, temperature=0.05, grade_spread=0.2).item() == pytest.approx(0.0, abs=1e-6)
    for wrong in ([[0.60, 0.40, 0.50]], [[0.50, 0.52, 0.51]], [[0.10, 0.90, 0.50]]):
        assert listwise_loss(mx.array(wrong), marks, temperature=0.05, grade_spread=0.2).item() > 0.01


def test_listwise_loss_equals_the_divergence_written_out_in_numpy():
    scores, marks = np.array([0.3, 0.5, 0.1, 0.4]), np.array([2, 5, 1, 3])
    target = np.exp((marks - 1) / 4 * 0.3 / 0.1)
    target /= target.sum()
    student = np.exp(scores / 0.1)
    student /= student.sum()
    student_scores = mx.array(scores[None], dtype=mx.float32)
    loss = listwise_loss(student_scores, grades(tuple(marks)), temperature=0.1, grade_spread=0.3)
    assert loss.item() == pytest.approx(float((target * np.log(target / student)).sum()), rel=1e-5)


def test_listwise_loss_looks_at_judged_candidates_and_queries_with_an_order_only():
    pair = listwise_loss(mx.array([[0.5, 0.6]]), grades((5, 1)), temperature=0.1, grade_spread=0.2)
    scores = mx.array([[0.5, 0.6, 0.9, 0.9], [0.1, 0.9, 0.2, 0.3]])
    marks = grades((5, 1, UNJUDGED, IGNORED), (4, 4, UNJUDGED, UNJUDGED))
    both = listwise_loss(scores, marks, temperature=0.1, grade_spread=0.2)
    assert both.item() == pytest.approx(pair.item(), abs=1e-6)
