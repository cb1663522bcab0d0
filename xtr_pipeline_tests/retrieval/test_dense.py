"""One vector a text, and its mixture with MaxSim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.retrieval.dense import dense_scores, mixed_scores, model_scores, unit_means
from xtr_pipeline.retrieval.maxsim import maxsim_scores
from xtr_pipeline.retrieval.narrowing import narrowed_scores
from xtr_pipeline.retrieval.sources import searcher_for_units
from xtr_pipeline_tests.judge.sample_units import code_unit
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder
from xtr_pipeline_tests.retrieval.test_narrowing import corpus


def test_dense_scores_by_hand() -> None:
    means = np.array([[1.0, 0.0], [0.6, 0.8]], dtype=np.float32)
    queries = [np.array([[2.0, 0.0], [0.0, 1.0]], dtype=np.float32), np.array([[0.0, 3.0]], dtype=np.float32)]
    expected = [[2 / 5**0.5, (1.2 + 0.8) / 5**0.5], [0.0, 0.8]]
    np.testing.assert_allclose(dense_scores(queries, means), expected, atol=1e-6)
    assert dense_scores([], means).shape == (0, 2)


def test_the_mixture_is_a_weighted_mean() -> None:
    one, other = np.float32([[1.0, -1.0]]), np.float32([[0.0, -1.0]])
    np.testing.assert_allclose(mixed_scores(one, other, 0.25), [[0.8, -1.0]], atol=1e-6)


@pytest.mark.parametrize("known", [True, False])
def test_a_weight_of_0_is_maxsim_and_another_one_mixes(known: bool) -> None:
    vectors, offsets, queries = corpus()
    means = unit_means(vectors, offsets)
    given = means if known else None
    exact = maxsim_scores(queries, vectors, offsets)
    np.testing.assert_array_equal(model_scores(queries, vectors, offsets, 0.0, given), exact)
    by_hand = (exact + 0.5 * dense_scores(queries, means)) / 1.5
    np.testing.assert_allclose(model_scores(queries, vectors, offsets, 0.5, given), by_hand, atol=1e-6)


@pytest.mark.parametrize("candidates", [10, 40])
def test_candidates_of_a_large_corpus_have_the_models_scores(candidates: int) -> None:
    vectors, offsets, queries = corpus()
    means = unit_means(vectors, offsets)
    exact = model_scores(queries, vectors, offsets, 0.5)
    scores = narrowed_scores(queries, vectors, offsets, means, candidates, 0.5)
    for row, all_scores in zip(scores, exact, strict=True):
        kept = row >= -1
        assert kept.sum() == candidates
        np.testing.assert_allclose(row[kept], all_scores[kept], atol=1e-6)


def test_a_searcher_ranks_by_the_mixture_of_its_encoder(tmp_path: Path) -> None:
    bodies = {"a.py": "send bytes", "b.py": "send other words of no matter", "c.py": "close it"}
    units = units_frame([code_unit(path, path[0], body) for path, body in bodies.items()], "toy", "1")
    encoder = FakeEncoder(dense_weight=2.0)
    searcher = searcher_for_units(units, encoder, tmp_path)
    hits = searcher.rank_files("send", "semantic", 3)
    assert searcher.index is not None
    scores = model_scores(encoder.encode_queries(["send"]), searcher.index.vectors, searcher.index.offsets, 2.0)[0]
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores.tolist(), reverse=True), abs=1e-5)
    plain = searcher_for_units(units, replace(encoder, dense_weight=0.0), tmp_path).rank_files("send", "semantic", 3)
    assert [hit.score for hit in hits] != pytest.approx([hit.score for hit in plain], abs=1e-3)
