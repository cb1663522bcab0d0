"""Tokens whose best match stands out count more."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from xtr_pipeline.retrieval.maxsim import Floats, maxsim_scores
from xtr_pipeline.retrieval.salience import salience, salient_scores
from xtr_pipeline_tests.retrieval.test_maxsim import packed, unit_vectors


def query_of(*lengths: float) -> Floats:
    return np.diag(np.array(lengths, dtype=np.float32))


def test_a_multiplier_is_the_standard_score_of_the_best_match_and_the_mean_weight_stays() -> None:
    # means 0.2 and 0.5, deviations 0.1 * sqrt(3) and 0.1: the best lie 0.3 and 0.1 above, sqrt(3) and 1 deviations
    usual = np.array([[0.1, 0.1, 0.1, 0.5], [0.4, 0.6, 0.4, 0.6]], dtype=np.float32)
    found = salience(query_of(1, 1), usual.max(axis=1), usual, 1.0)
    standing = np.array([np.sqrt(3), 1.0])
    np.testing.assert_allclose(found, 2 * standing / standing.sum(), rtol=1e-5)


def test_it_multiplies_the_weights_that_a_query_has() -> None:
    usual = np.array([[0.1, 0.1, 0.1, 0.5], [0.4, 0.6, 0.4, 0.6]], dtype=np.float32)
    lengths = np.array([0.5, 1.5], dtype=np.float32)
    found = salience(query_of(*lengths), (lengths[:, None] * usual).max(axis=1), lengths[:, None] * usual, 1.0)
    standing = np.array([np.sqrt(3), 1.0])
    np.testing.assert_allclose(found, 2 * standing / (lengths @ standing), rtol=1e-5)
    assert lengths @ found == pytest.approx(2)


def test_a_peak_outside_of_the_sample_counts() -> None:
    usual = np.array([[0.1, 0.3], [0.1, 0.3]], dtype=np.float32)
    found = salience(query_of(1, 1), np.array([0.3, 0.5], dtype=np.float32), usual, 1.0)
    np.testing.assert_allclose(found, [0.5, 1.5], rtol=1e-5)


def test_a_token_that_all_units_match_alike_counts_nothing() -> None:
    usual = np.array([[0.8, 0.8, 0.8], [0.1, 0.2, 0.6]], dtype=np.float32)
    np.testing.assert_allclose(salience(query_of(1, 1), usual.max(axis=1), usual, 1.0), [0, 2], atol=1e-5)


@pytest.mark.parametrize("units", [1, 5, 6, 7, 11, 59])
@pytest.mark.parametrize("value", [0.1, 0.27, 0.3])
def test_where_nothing_but_rounding_stands_out_the_weights_stay(units: int, value: float) -> None:
    values = np.full((2, units), value, dtype=np.float32)
    values[0, 0] += 1e-6
    np.testing.assert_array_equal(salience(query_of(0.4, 1.6), values.max(axis=1), values, 1.0), [1, 1])


def test_a_deviation_counts_as_a_hundredth_of_a_cosine_at_least_whatever_the_tokens_weight() -> None:
    # the first token's matches hardly differ: its best lies 0.003 above their mean, not sqrt(3) deviations
    cosines = np.array([[0.1, 0.1, 0.1, 0.104], [0.4, 0.6, 0.4, 0.6]], dtype=np.float32)
    lengths = np.array([0.25, 1.75], dtype=np.float32)
    usual = lengths[:, None] * cosines
    found = salience(query_of(*lengths), usual.max(axis=1), usual, 1.0)
    assert found[0] / found[1] == pytest.approx(0.3, rel=1e-3)


def test_a_token_without_weight_stays_without() -> None:
    usual = np.array([[0, 0, 0], [0.1, 0.2, 0.6]], dtype=np.float32)
    found = salience(query_of(0, 2), usual.max(axis=1), usual, 1.0)
    assert np.isfinite(found).all()
    assert found[1] == pytest.approx(1)


def test_power_0_leaves_all_weights_and_2_tells_them_further_apart() -> None:
    usual = np.array([[0.1, 0.1, 0.1, 0.5], [0.4, 0.6, 0.4, 0.6]], dtype=np.float32)
    ratios = [
        found[0] / found[1]
        for found in (salience(query_of(1, 1), usual.max(axis=1), usual, power) for power in (0.0, 1.0, 2.0))
    ]
    np.testing.assert_allclose(ratios, [1, np.sqrt(3), 3], rtol=1e-5)


def test_scores_are_maxsim_with_the_weights_of_each_query() -> None:
    rng = np.random.default_rng(5)
    vectors, offsets = packed([unit_vectors(rng, int(rng.integers(1, 9)), 6).astype(np.float16) for _ in range(20)])
    queries = [unit_vectors(rng, 3, 6), unit_vectors(rng, 1, 6)]
    matches = (queries[0] @ vectors.astype(np.float32).T).astype(np.float32)
    best = np.stack([matches[:, a:b].max(axis=1) for a, b in pairwise(offsets)], axis=1)
    weighed = queries[0] * salience(queries[0], best.max(axis=1), best, 1.0)[:, None]
    scores = salient_scores(queries, vectors, offsets, 1.0)
    np.testing.assert_allclose(scores[0], maxsim_scores([weighed], vectors, offsets)[0], atol=1e-5)
    # one token alone has all the weight
    np.testing.assert_allclose(scores[1], maxsim_scores(queries[1:], vectors, offsets)[0], atol=1e-5)
    assert np.abs(scores[0] - maxsim_scores(queries[:1], vectors, offsets)[0]).max() > 1e-3
    assert salient_scores([], vectors, offsets, 1.0).shape == (0, 20)
