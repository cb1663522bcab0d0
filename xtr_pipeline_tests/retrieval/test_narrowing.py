"""The first stage over a large corpus: means, candidates, and what becomes of all other units."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.retrieval.maxsim import Floats
from xtr_pipeline.retrieval.narrowing import BELOW, Narrowing, candidates_of, filled, unit_means


def corpus(units: int = 40, dim: int = 6) -> tuple[Floats, np.ndarray]:
    random = np.random.default_rng(4)
    offsets = np.concatenate([[0], np.cumsum(random.integers(1, 9, units))])
    # tokens of a unit lie around its own direction
    around = np.repeat(random.normal(size=(units, dim)), np.diff(offsets), axis=0)
    vectors = (around + 0.5 * random.normal(size=around.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, offsets


@pytest.mark.parametrize("rows", [1, 7, 1 << 16])
def test_means_are_the_directions_of_the_units_however_they_are_blocked(rows: int) -> None:
    vectors, offsets = corpus()
    means = unit_means(vectors.astype(np.float16), offsets, rows)
    for unit, mean in enumerate(means):
        own = vectors[offsets[unit] : offsets[unit + 1]].mean(axis=0)
        np.testing.assert_allclose(mean, own / np.linalg.norm(own), atol=2e-3)


def test_candidates_keep_their_scores_and_all_others_lie_just_below_in_the_order_of_their_means() -> None:
    coarse = np.random.default_rng(1).uniform(-1, 1, 40).astype(np.float32)
    chosen = candidates_of(coarse, 10)
    assert set(chosen.tolist()) == set(np.argsort(-coarse)[:10].tolist())
    looked_at = np.sort(chosen)
    exact = np.linspace(0.2, 0.7, 10, dtype=np.float32)
    scores = filled(coarse, looked_at, exact, chosen)
    np.testing.assert_array_equal(scores[looked_at], exact)
    others = np.setdiff1d(np.arange(40), chosen)
    assert np.float32(0.2) - BELOW < scores[others].min()
    assert scores[others].max() < np.float32(0.2)
    assert (np.argsort(-scores[others]) == np.argsort(-coarse[others])).all()


def test_what_was_looked_at_besides_moves_no_other_unit() -> None:
    coarse = np.linspace(0.9, 0.1, 9).astype(np.float32)
    chosen, besides = np.array([0, 1, 2]), np.array([5, 8])
    exact = np.array([0.5, 0.4, 0.45], dtype=np.float32)
    plain = filled(coarse, chosen, exact, chosen)
    found = np.array([-0.7, 0.9], dtype=np.float32)
    scores = filled(coarse, np.concatenate([chosen, besides]), np.concatenate([exact, found]), chosen)
    np.testing.assert_array_equal(scores[besides], found)
    others = np.setdiff1d(np.arange(9), besides)
    np.testing.assert_array_equal(scores[others], plain[others])


def test_the_sample_of_a_corpus_is_always_the_same_and_no_larger_than_it() -> None:
    sampled = Narrowing(sample=5).sampled(40)
    assert sampled.tolist() == Narrowing(sample=5).sampled(40).tolist()
    assert len(set(sampled.tolist())) == 5
    assert Narrowing().sampled(3).tolist() == [0, 1, 2]


def test_small_corpora_are_scored_whole_and_large_ones_by_a_growing_number() -> None:
    narrowing = Narrowing(exact_units=100, least=50, share=0.1)
    assert [narrowing.candidates(units) for units in (1, 100, 101, 1_000)] == [1, 100, 60, 150]
    assert Narrowing(exact_units=10, least=500).candidates(20) == 20
