"""The T5 v1.1 encoder: parity with transformers' T5EncoderModel, google/xtr-base-en's layout, adapters, training."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlx.utils import tree_flatten
from safetensors.numpy import load_file, save_file

from xtr_pipeline.encoder.checkpoint import CheckpointError, load_encoder, save_encoder
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline.encoder.lora import add_lora, merged
from xtr_pipeline.encoder.t5 import relative_buckets
from xtr_pipeline.encoder.t5_config import T5Config
from xtr_pipeline.encoder.torch_file import read_torch_file
from xtr_pipeline.training.trainer import train
from xtr_pipeline_tests.encoder.conftest import FIXTURES, KERNELS, reference_of, with_kernels
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_examples

TINY_T5 = FIXTURES / "tiny_t5"


@pytest.fixture
def t5() -> Encoder:
    return load_encoder(TINY_T5)


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    return reference_of("tiny_t5")


@KERNELS
def test_outputs_and_vectors_equal_the_reference_implementation(
    t5: Encoder, reference: dict[str, np.ndarray], kernels: Kernels
) -> None:
    model = with_kernels(t5, kernels)
    ids, mask = mx.array(reference["input_ids"]), mx.array(reference["mask"])
    real = reference["mask"].astype(bool)
    assert real.shape[1] > 20, "texts must be longer than the largest distance that has a bucket of its own"
    np.testing.assert_allclose(np.array(model.trunk(ids, mask))[real], reference["hidden"][real], atol=1e-4)
    np.testing.assert_allclose(np.array(model(ids, mask))[real], reference["vectors"][real], atol=1e-4)


def test_the_parity_test_would_notice_other_position_biases(t5: Encoder, reference: dict[str, np.ndarray]) -> None:
    weights = t5.weights()
    weights["trunk.position_bias.weight"] = np.ascontiguousarray(weights["trunk.position_bias.weight"][::-1])
    vectors = t5.with_weights(weights).model(mx.array(reference["input_ids"]), mx.array(reference["mask"]))
    assert np.abs(np.array(vectors) - reference["vectors"])[reference["mask"].astype(bool)].max() > 0.01


def test_texts_are_lower_cased_after_identifiers_are_put_apart(t5: Encoder, reference: dict[str, np.ndarray]) -> None:
    assert t5.shown("def ParseConfig") == "def parse config"
    plain = replace(t5, settings=replace(t5.settings, split_code=False))
    tokens = plain.tokenise(reference["texts"].tolist(), int(reference["max_length"]))
    for row, (ids, mask) in enumerate(zip(reference["input_ids"], reference["mask"], strict=True)):
        assert tokens[row].tolist() == ids[mask.astype(bool)].tolist()


def test_buckets_are_single_distances_first_and_logarithmic_beyond() -> None:
    # 32 buckets up to 128: 16 for either side, of which 8 single
    row = np.array(relative_buckets(400, 32, 128))[200]
    before, after = row[:201][::-1], row[200:]
    assert before[:8].tolist() == list(range(8))
    assert after[1:8].tolist() == list(range(17, 24))
    assert (np.diff(before) >= 0).all()
    # 8 + floor(8 * log(d / 8) / log(16)): 16 is halfway between 8 and 32, which is halfway to 128
    assert [before[distance] for distance in (8, 16, 32, 64, 127, 128, 199)] == [8, 10, 12, 14, 15, 15, 15]
    assert after[199] == 31


def test_the_layout_of_xtr_base_is_read_and_written_with_the_decoder_left_out(t5: Encoder, tmp_path: Path) -> None:
    assert isinstance(t5.config, T5Config)
    assert (t5.settings.dim, t5.settings.query_length, t5.settings.lower_case) == (8, 32, True)
    whole = shutil.copytree(TINY_T5, tmp_path / "whole")
    tensors = load_file(whole / "model.safetensors")
    tensors["encoder.embed_tokens.weight"] = tensors.pop("shared.weight")
    tensors["decoder.block.0.layer.0.SelfAttention.q.weight"] = np.zeros((18, 24), dtype=np.float32)
    save_file(tensors, whole / "model.safetensors")
    assert load_encoder(whole).fingerprint == t5.fingerprint
    save_encoder(t5, tmp_path / "saved")
    assert load_encoder(tmp_path / "saved").fingerprint == t5.fingerprint
    written = load_file(tmp_path / "saved" / "model.safetensors")
    head = load_file(tmp_path / "saved" / "2_Dense" / "model.safetensors")
    for_others = read_torch_file(tmp_path / "saved" / "2_Dense" / "pytorch_model.bin")
    assert list(head) == list(for_others) == ["linear.weight"]
    np.testing.assert_array_equal(head["linear.weight"], for_others["linear.weight"])
    assert written.keys() == load_file(TINY_T5 / "model.safetensors").keys()
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["architectures"] == ["T5EncoderModel"]
    assert json.loads((tmp_path / "saved" / "sentence_bert_config.json").read_text())["do_lower_case"] is True


def test_a_first_generation_t5_is_refused_by_name(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY_T5, tmp_path / "old")
    config = json.loads((folder / "config.json").read_text()) | {"feed_forward_proj": "relu", "d_kv": None}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"d_kv must be a positive integer.*'relu' is not T5 v1.1's gated-gelu"):
        load_encoder(folder)


def test_merged_adapters_compute_what_the_adapted_model_does(t5: Encoder, reference: dict[str, np.ndarray]) -> None:
    ids, mask = mx.array(reference["input_ids"]), mx.array(reference["mask"])
    start = np.array(t5.model(ids, mask))
    adapted = t5.copy()
    assert add_lora(adapted.model, rank=4, alpha=8.0, seed=1) == 2 * 7
    random = np.random.default_rng(0)
    adapted.model.load_weights(
        [
            (name, mx.array(random.normal(0, 0.2, value.shape).astype(np.float32)) if name.endswith("_b") else value)
            for name, value in tree_flatten(adapted.model.parameters())
        ]
    )
    ours = np.array(adapted.model(ids, mask))
    assert np.abs(ours - start).max() > 0.05
    plain = t5.with_weights(merged(adapted.weights()))
    np.testing.assert_allclose(np.array(plain.model(ids, mask)), ours, atol=1e-5)


@pytest.mark.parametrize("lora_rank", [0, 2])
def test_it_trains_as_any_encoder_does(t5: Encoder, tmp_path: Path, lora_rank: int) -> None:
    # every batch holds all queries, so that losses can be compared
    wide = replace(RECIPE, batch_tokens=2048, tile_tokens=256, steps=20, epochs=20, learning_rate=3e-3)
    recipe = replace(wide, lora_rank=lora_rank, scoring="xtr", k_train=64)
    report = train(recipe, t5, tiny_examples(), lambda _: 0.5, tmp_path, lambda _: None)
    losses = report.history["loss"].to_list()
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.8 * losses[0]
    moved = {
        name for name, weight in report.encoder.weights().items() if not np.array_equal(weight, t5.weights()[name])
    }
    assert {"head.weight", "trunk.layers.0.query.weight"} <= moved
    assert ("trunk.position_bias.weight" in moved) is (lora_rank == 0)
