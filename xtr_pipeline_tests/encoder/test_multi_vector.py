"""The model: unit vectors, padding, gradients."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.encoder.bert_config import BertConfig
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder, normalise


def test_every_token_vector_has_length_one(tiny: Encoder, expected: dict[str, np.ndarray]):
    vectors = np.array(tiny.model(mx.array(expected["input_ids"]), mx.array(expected["mask"])))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-5)
    assert vectors.shape == (*expected["input_ids"].shape, 8)


def test_without_a_head_vectors_are_as_wide_as_the_hidden_states():
    config = BertConfig(50, 12, 1, 3, 16, 10)
    model = MultiVectorEncoder(config, head_dim=None)
    assert model.dim == 12
    assert model(mx.ones((2, 5), dtype=mx.int32), mx.ones((2, 5))).shape == (2, 5, 12)


def test_padding_does_not_change_the_vectors_of_tokens(tiny: Encoder, expected: dict[str, np.ndarray]):
    ids, mask = expected["input_ids"][:1], expected["mask"][:1]
    length = int(mask.sum())
    short = np.array(tiny.model(mx.array(ids[:, :length]), mx.array(mask[:, :length])))
    wide_ids = np.full((1, length + 9), 7, dtype=np.int32)
    wide_ids[:, :length] = ids[:, :length]
    wide_mask = np.zeros_like(wide_ids)
    wide_mask[:, :length] = 1
    wide = np.array(tiny.model(mx.array(wide_ids), mx.array(wide_mask)))
    np.testing.assert_allclose(wide[:, :length], short, atol=2e-6)


def test_a_row_that_is_all_padding_gives_numbers_and_leaves_the_others_alone(
    tiny: Encoder, expected: dict[str, np.ndarray]
):
    ids, mask = expected["input_ids"], expected["mask"]
    with_empty = np.array(
        tiny.model(
            mx.array(np.concatenate([ids, np.zeros_like(ids[:1])])),
            mx.array(np.concatenate([mask, np.zeros_like(mask[:1])])),
        )
    )
    assert np.isfinite(with_empty).all()
    np.testing.assert_allclose(with_empty[:-1], np.array(tiny.model(mx.array(ids), mx.array(mask))), atol=2e-6)


def test_a_zero_vector_stays_zero():
    assert np.array(normalise(mx.zeros((1, 4)))).tolist() == [[0, 0, 0, 0]]


def test_gradients_reach_every_parameter_that_counts(tiny: Encoder, expected: dict[str, np.ndarray]):
    model = tiny.copy().model
    ids, mask = mx.array(expected["input_ids"]), mx.array(expected["mask"])

    def loss(parameters: dict) -> mx.array:
        model.update(parameters)
        return model(ids, mask)[:, :, 0].sum()

    from mlx.utils import tree_flatten

    gradients = dict(tree_flatten(mx.grad(loss)(model.parameters())))
    # Adding the same number to every key shifts all scores of a query alike, which softmax does not see.
    unseen = {name for name in gradients if name.endswith("key.bias")}
    for name, gradient in gradients.items():
        largest = float(mx.abs(gradient).max())
        assert np.isfinite(largest), name
        assert name in unseen or largest > 1e-4, name
    assert max(float(mx.abs(gradients[name]).max()) for name in unseen) == pytest.approx(0, abs=1e-4)
