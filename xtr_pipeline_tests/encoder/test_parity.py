"""Equality with PyTorch and transformers (committed outputs)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtr_pipeline.encoder.base_weights import fetch_base_encoder
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline_tests.encoder.conftest import KERNELS, reference_of, with_kernels

TOLERANCE = 1e-4


def _largest_difference(outputs: mx.array, reference: np.ndarray, mask: np.ndarray) -> float:
    return float(np.abs((np.array(outputs) - reference)[mask.astype(bool)]).max())


@KERNELS
def test_hidden_states_equal_the_reference_implementation(
    tiny: Encoder, expected: dict[str, np.ndarray], kernels: Kernels
):
    model = with_kernels(tiny, kernels)
    hidden = model.trunk(mx.array(expected["input_ids"]), mx.array(expected["mask"]))
    assert _largest_difference(hidden, expected["hidden"], expected["mask"]) < TOLERANCE


@KERNELS
def test_token_vectors_equal_the_reference_implementation(
    tiny: Encoder, expected: dict[str, np.ndarray], kernels: Kernels
):
    vectors = with_kernels(tiny, kernels)(mx.array(expected["input_ids"]), mx.array(expected["mask"]))
    assert _largest_difference(vectors, expected["vectors"], expected["mask"]) < TOLERANCE


def test_the_parity_test_would_notice_a_swapped_projection(tiny: Encoder, expected: dict[str, np.ndarray]):
    weights = tiny.weights()
    names = ("trunk.layers.1.query.weight", "trunk.layers.1.key.weight")
    weights[names[0]], weights[names[1]] = weights[names[1]], weights[names[0]]
    vectors = tiny.with_weights(weights).model(mx.array(expected["input_ids"]), mx.array(expected["mask"]))
    assert _largest_difference(vectors, expected["vectors"], expected["mask"]) > 100 * TOLERANCE


def test_texts_become_the_ids_of_the_reference_tokenizer(tiny: Encoder, expected: dict[str, np.ndarray]):
    tokens = tiny.tokenizer.tokenise(expected["texts"].tolist(), int(expected["max_length"]))
    for row, (ids, mask) in enumerate(zip(expected["input_ids"], expected["mask"], strict=True)):
        assert tokens[row].tolist() == ids[mask.astype(bool)].tolist()


@pytest.mark.network
def test_the_base_encoder_equals_the_reference_implementation(tmp_path: Path):
    base = load_encoder(fetch_base_encoder(tmp_path / "base", tmp_path / "downloads"))
    expected = reference_of("base")
    tokens = base.tokenizer.tokenise(expected["texts"].tolist(), int(expected["max_length"]))
    for row, (ids, mask) in enumerate(zip(expected["input_ids"], expected["mask"], strict=True)):
        assert tokens[row].tolist() == ids[mask.astype(bool)].tolist()
    hidden = base.model.trunk(mx.array(expected["input_ids"]), mx.array(expected["mask"]))
    assert _largest_difference(hidden, expected["hidden"], expected["mask"]) < TOLERANCE
