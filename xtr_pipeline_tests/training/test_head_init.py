"""The head's start: as close to the encoder without a head as its dimensions allow."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.training.head_init import pca_head, with_pca_head
from xtr_pipeline_tests.training.tiny import WORDS, tiny_encoder

TEXTS = [" ".join(WORDS[start : start + 6]) for start in range(0, 34)]


def test_vectors_in_a_subspace_keep_their_inner_products_exactly():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(200, 3)) @ random.normal(size=(3, 10)) + 0.0
    head = pca_head(vectors, dim=3)
    projected = vectors @ head.T
    np.testing.assert_allclose(projected @ projected.T, vectors @ vectors.T, rtol=1e-4, atol=1e-4)


def test_the_head_is_orthonormal_and_equals_the_uncentred_singular_vectors():
    vectors = np.random.default_rng(1).normal(size=(50, 6)) + 2.0
    head = pca_head(vectors, dim=4)
    _, _, expected = np.linalg.svd(vectors, full_matrices=False)
    np.testing.assert_allclose(head @ head.T, np.eye(4), atol=1e-5)
    np.testing.assert_allclose(np.abs(np.sum(head * expected[:4], axis=1)), np.ones(4), atol=1e-4)
    assert (head[np.arange(4), np.abs(head).argmax(axis=1)] > 0).all()


def test_too_few_vectors_and_vectors_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="head of 4 dimensions"):
        pca_head(np.ones((3, 8)), dim=4)
    with pytest.raises(ValueError, match="not finite"):
        pca_head(np.full((9, 8), np.nan), dim=4)


def test_a_full_width_head_leaves_every_maxsim_score_as_it_is():
    base = tiny_encoder(head_dim=None)
    headed = with_pca_head(base, TEXTS, dim=16)
    for text in TEXTS[:5]:
        before, after = base.encode_queries([text])[0], headed.encode_queries([text])[0]
        np.testing.assert_allclose(before @ before.T, after @ after.T, atol=1e-4)


def test_a_narrow_head_stays_closer_to_the_base_than_a_random_one():
    base = tiny_encoder(head_dim=None)
    random = np.random.default_rng(3).normal(size=(8, 16)).astype(np.float32)

    def error(headed: Encoder) -> float:
        vectors = [(base.encode_queries([text])[0], headed.encode_queries([text])[0]) for text in TEXTS[:10]]
        return float(np.mean([np.abs(one @ one.T - other @ other.T).mean() for one, other in vectors]))

    headed = with_pca_head(base, TEXTS, dim=8)
    assert headed.settings.dim == 8
    assert error(headed) < 0.5 * error(base.with_head(random))


def test_a_head_that_the_encoder_brings_is_kept_whatever_its_width():
    headed = tiny_encoder(head_dim=8)
    assert with_pca_head(headed, TEXTS, dim=8) is headed
    assert with_pca_head(headed, TEXTS, dim=4) is headed
