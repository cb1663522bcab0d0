"""Both fusions by hand-made scores."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.retrieval.fusion import (
    FusionSettings,
    competition_ranks,
    fuse,
    reciprocal_rank_fusion,
)

SEMANTIC = np.array([0.9, 0.5, 0.4, 0.3], dtype=np.float32)
SPREAD = float(SEMANTIC.std())


def test_ranks_start_at_one_and_equal_scores_share_the_best() -> None:
    assert competition_ranks(np.array([0.1, 0.7, 0.1, 0.9], dtype=np.float32)).tolist() == [3, 2, 3, 1]


def test_reciprocal_ranks_by_hand() -> None:
    bm25 = np.array([0.0, 3.0, 0.0, 5.0], dtype=np.float32)
    fused = reciprocal_rank_fusion(bm25, SEMANTIC, FusionSettings("rrf", bm25_weight=1.0, rrf_k=60))
    np.testing.assert_allclose(fused, [1 / 61, 1 / 62 + 1 / 62, 1 / 63, 1 / 64 + 1 / 61], rtol=1e-6)


@pytest.mark.parametrize("method", ["score", "rrf"])
def test_weight_zero_is_the_semantic_order(method: str) -> None:
    bm25 = np.array([0.0, 1.0, 2.0, 3.0], dtype=np.float32)
    fused = fuse(bm25, 4.0, SEMANTIC, FusionSettings(method, bm25_weight=0.0), SPREAD)
    assert np.argsort(-fused).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("method", ["score", "rrf"])
def test_where_bm25_finds_nothing_the_order_is_semantic(method: str) -> None:
    fused = fuse(np.zeros(4, np.float32), 4.0, SEMANTIC, FusionSettings(method), SPREAD)
    assert np.argsort(-fused).tolist() == [0, 1, 2, 3]


def test_a_text_that_bm25_explains_wholly_gains_the_weight_in_standard_deviations() -> None:
    bm25 = np.array([0.0, 4.0, 0.0, 0.0], dtype=np.float32)
    gain = fuse(bm25, 4.0, SEMANTIC, FusionSettings(bm25_weight=1.5), 0.2) - SEMANTIC
    np.testing.assert_allclose(gain, [0, 0.3, 0, 0], atol=1e-6)


def test_a_weak_keyword_match_cannot_overturn_a_clear_semantic_lead_but_a_strong_one_can() -> None:
    bm25 = np.array([0.0, 0.0, 0.0, 4.0], dtype=np.float32)
    settings = FusionSettings(bm25_weight=3.0)
    assert fuse(bm25, 40.0, SEMANTIC, settings, SPREAD).argmax() == 0
    assert fuse(bm25, 4.4, SEMANTIC, settings, SPREAD).argmax() == 3


def test_plain_rank_fusion_lets_a_weak_keyword_match_overturn_the_lead() -> None:
    # the weakness that the score-level method is there for
    bm25 = np.array([0.0, 0.1, 0.0, 0.0], dtype=np.float32)
    assert fuse(bm25, 40.0, SEMANTIC, FusionSettings("rrf", bm25_weight=1.0), SPREAD).argmax() == 1
    assert fuse(bm25, 40.0, SEMANTIC, FusionSettings("score"), SPREAD).argmax() == 0


def test_the_order_does_not_depend_on_the_models_scale() -> None:
    bm25 = np.array([0.0, 1.0, 2.0, 3.9], dtype=np.float32)
    plain = fuse(bm25, 4.0, SEMANTIC, FusionSettings(bm25_weight=2.0), SPREAD)
    scaled = fuse(bm25, 4.0, SEMANTIC * 0.1 + 0.8, FusionSettings(bm25_weight=2.0), 0.1 * SPREAD)
    np.testing.assert_allclose(scaled, plain * 0.1 + 0.8, atol=1e-6)


def test_where_the_model_tells_nothing_apart_bm25_decides() -> None:
    bm25 = np.array([0.0, 1.0, 2.0], dtype=np.float32)
    fused = fuse(bm25, 4.0, np.full(3, 0.7, np.float32), FusionSettings(), 0.0)
    np.testing.assert_allclose(fused, [0.7, 0.95, 1.2], atol=1e-6)


def test_a_query_without_a_ceiling_is_semantic_only() -> None:
    fused = fuse(np.zeros(4, np.float32), 0.0, SEMANTIC, FusionSettings(), SPREAD)
    np.testing.assert_array_equal(fused, SEMANTIC)


@pytest.mark.parametrize("wrong", [{"method": "sum"}, {"bm25_weight": -1.0}, {"rrf_k": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fusion needs"):
        FusionSettings(**wrong)  # type: ignore[arg-type]
