"""Adapters: nothing changes at first, only they learn, and a merged model computes what the adapted one does."""

from __future__ import annotations

import numpy as np
import pytest
from mlx.utils import tree_flatten

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.lora import add_lora, merged
from xtr_pipeline_tests.training.tiny import tiny_encoder

IDS = mx.array([[2, 5, 6, 7, 3], [2, 9, 8, 3, 0]])
MASK = mx.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])


def _adapted(seed: int = 3, **changes: float) -> Encoder:
    encoder = tiny_encoder()
    settings = {"rank": 4, "alpha": 8.0, "seed": seed, **changes}
    assert add_lora(encoder.model, **settings) == 2 * 6
    return encoder


def _with_random_adapters() -> Encoder:
    encoder = _adapted()
    random = np.random.default_rng(0)
    weights = [
        (name, mx.array(random.normal(0, 0.2, value.shape).astype(np.float32)) if name.endswith("lora_b") else value)
        for name, value in tree_flatten(encoder.model.parameters())
    ]
    encoder.model.load_weights(weights)
    return encoder


def test_at_first_the_adapted_model_is_the_base() -> None:
    np.testing.assert_allclose(_adapted().model(IDS, MASK), tiny_encoder().model(IDS, MASK), atol=1e-6)


def test_only_adapters_and_the_head_can_be_trained() -> None:
    names = {name for name, _ in tree_flatten(_adapted().model.trainable_parameters())}
    assert {name.rpartition(".")[2] for name in names - {"head.weight"}} == {"lora_a", "lora_b"}
    assert "head.weight" in names
    assert len(names) == 2 * 12 + 1


def test_merged_is_the_same_as_unmerged() -> None:
    adapted = _with_random_adapters()
    plain = tiny_encoder().with_weights(merged(adapted.weights()))
    ours, base = adapted.model(IDS, MASK), tiny_encoder().model(IDS, MASK)
    assert float(mx.abs(ours - base).max()) > 0.05
    np.testing.assert_allclose(plain.model(IDS, MASK), ours, atol=1e-5)


def test_an_unadapted_model_merges_to_itself() -> None:
    weights = tiny_encoder().weights()
    again = merged(weights)
    assert again.keys() == weights.keys()
    assert all(again[name] is weights[name] for name in weights)


@pytest.mark.parametrize(("seed", "same"), [(3, True), (4, False)])
def test_the_seed_draws_the_adapters(seed: int, same: bool) -> None:
    first, second = _adapted(3).weights(), _adapted(seed).weights()
    name = "trunk.layers.0.query.lora_a"
    assert np.array_equal(first[name], second[name]) is same
    assert not np.array_equal(first[name], first["trunk.layers.0.key.lora_a"])
