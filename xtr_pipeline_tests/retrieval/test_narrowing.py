"""Two-stage scoring: the candidates are MaxSim's own, the others lie behind."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.retrieval.maxsim import Floats, maxsim_scores
from xtr_pipeline.retrieval.narrowing import BELOW, Narrowing, narrowed_scores, scores_of, unit_means
from xtr_pipeline.retrieval.outlined import Outlined


def corpus(units: int = 40, dim: int = 6) -> tuple[Floats, np.ndarray, list[Floats]]:
    random = np.random.default_rng(4)
    offsets = np.concatenate([[0], np.cumsum(random.integers(1, 9, units))])
    # tokens of a unit lie around its own direction
    around = np.repeat(random.normal(size=(units, dim)), np.diff(offsets), axis=0)
    vectors = (around + 0.5 * random.normal(size=around.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    queries = [vectors[offsets[unit] : offsets[unit] + 2] for unit in (0, 7, 31)]
    return vectors, offsets, queries


def alone(units: int) -> Outlined:
    """Units without any outline: each stands for its own, with no weight."""
    return Outlined(np.arange(units), np.arange(units), weight=0.0)


@pytest.mark.parametrize("rows", [1, 7, 1 << 16])
def test_means_are_the_directions_of_the_units_however_they_are_blocked(rows: int) -> None:
    vectors, offsets, _ = corpus()
    means = unit_means(vectors.astype(np.float16), offsets, rows)
    for unit, mean in enumerate(means):
        own = vectors[offsets[unit] : offsets[unit + 1]].mean(axis=0)
        np.testing.assert_allclose(mean, own / np.linalg.norm(own), atol=2e-3)


def test_candidates_have_their_maxsim_and_all_others_lie_behind_in_the_order_of_their_means() -> None:
    vectors, offsets, queries = corpus()
    means = unit_means(vectors, offsets)
    exact = maxsim_scores(queries, vectors, offsets)
    scores = narrowed_scores(queries, vectors, offsets, means, alone(len(means)), 10)
    for row, query in enumerate(queries):
        coarse = means @ query.mean(axis=0)
        chosen = np.argsort(-coarse)[:10]
        np.testing.assert_allclose(scores[row, chosen], exact[row, chosen], atol=1e-6)
        others = np.setdiff1d(np.arange(len(means)), chosen)
        assert scores[row, others].max() < scores[row, chosen].min() <= scores[row, others].min() + BELOW + 1e-6
        assert (np.argsort(-scores[row, others]) == np.argsort(-coarse[others])).all()
        assert scores[row].argmax() == exact[row].argmax()


def test_all_units_as_candidates_is_maxsim() -> None:
    vectors, offsets, queries = corpus()
    units = len(offsets) - 1
    scores = narrowed_scores(queries, vectors, offsets, unit_means(vectors, offsets), alone(units), units)
    np.testing.assert_allclose(scores, maxsim_scores(queries, vectors, offsets), atol=1e-6)


@pytest.mark.parametrize("candidates", [6, 30])
def test_candidates_take_the_outline_of_their_file_along(candidates: int) -> None:
    vectors, offsets, queries = corpus()
    # the last ten documents are the outlines of three units each
    outlined = Outlined(np.arange(30), 30 + np.arange(30) // 3, weight=0.5)
    documents = maxsim_scores(queries, vectors, offsets)
    exact = (documents[:, :30] + 0.5 * documents[:, outlined.outlines]) / 1.5
    means = unit_means(vectors, offsets)
    scores = narrowed_scores(queries, vectors, offsets, means, outlined, candidates)
    assert scores.shape == (3, 30)
    for row, query in enumerate(queries):
        coarse = means @ query.mean(axis=0)
        combined = (coarse[:30] + 0.5 * coarse[outlined.outlines]) / 1.5
        chosen = np.sort(np.argsort(-combined)[:candidates])
        np.testing.assert_array_equal(np.sort(np.argsort(-scores[row])[:candidates]), chosen)
        np.testing.assert_allclose(scores[row, chosen], exact[row, chosen], atol=1e-6)


def test_units_that_are_looked_at_besides_have_their_maxsim_and_move_no_other() -> None:
    vectors, offsets, queries = corpus()
    means = unit_means(vectors, offsets)
    exact = maxsim_scores(queries, vectors, offsets)
    plain = narrowed_scores(queries, vectors, offsets, means, alone(len(means)), 10)
    besides = [np.argsort(row)[:3] for row in plain]
    scores = narrowed_scores(queries, vectors, offsets, means, alone(len(means)), 10, besides)
    for row, added in enumerate(besides):
        np.testing.assert_allclose(scores[row, added], exact[row, added], atol=1e-6)
        others = np.setdiff1d(np.arange(len(means)), added)
        np.testing.assert_allclose(scores[row, others], plain[row, others], atol=1e-6)


def test_scores_of_some_units_are_those_among_all() -> None:
    vectors, offsets, queries = corpus()
    outlined = Outlined(np.arange(30), 30 + np.arange(30) // 3, weight=0.5)
    rows = np.array([29, 3, 4])
    found = scores_of(queries, vectors, offsets, outlined, rows)
    np.testing.assert_allclose(found, outlined.mixed(maxsim_scores(queries, vectors, offsets))[:, rows], atol=1e-6)


def test_the_sample_of_a_corpus_is_always_the_same_and_no_larger_than_it() -> None:
    sampled = Narrowing(sample=5).sampled(40)
    assert sampled.tolist() == Narrowing(sample=5).sampled(40).tolist()
    assert len(set(sampled.tolist())) == 5
    assert Narrowing().sampled(3).tolist() == [0, 1, 2]


def test_small_corpora_are_scored_whole_and_large_ones_by_a_growing_number() -> None:
    narrowing = Narrowing(exact_units=100, least=50, share=0.1)
    assert [narrowing.candidates(units) for units in (1, 100, 101, 1_000)] == [1, 100, 60, 150]
    assert Narrowing(exact_units=10, least=500).candidates(20) == 20
