"""The MPNet encoder: parity with transformers' MPNetModel, its checkpoints, its positions, training."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from xtr_pipeline.encoder.checkpoint import CheckpointError, load_encoder, save_encoder
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline.encoder.lora import add_lora
from xtr_pipeline.encoder.mpnet_config import MPNetConfig
from xtr_pipeline.training.trainer import train
from xtr_pipeline_tests.encoder.conftest import FIXTURES, KERNELS, reference_of, with_kernels
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_examples

TINY = FIXTURES / "tiny_mpnet"


@pytest.fixture
def mpnet() -> Encoder:
    return load_encoder(TINY)


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    return reference_of("tiny_mpnet")


@KERNELS
def test_outputs_equal_the_reference_implementation(
    mpnet: Encoder, reference: dict[str, np.ndarray], kernels: Kernels
) -> None:
    model = with_kernels(mpnet, kernels)
    real = reference["mask"].astype(bool)
    assert real.shape[1] > 16, "texts must reach the distances that share a bucket"
    assert not real.all(), "one text must be padded"
    hidden = model.trunk(mx.array(reference["input_ids"]), mx.array(reference["mask"]))
    np.testing.assert_allclose(np.array(hidden)[real], reference["hidden"][real], atol=1e-4)


@pytest.mark.parametrize("name", ["position_bias", "embeddings.position"])
def test_the_parity_test_would_notice_other_positions(
    mpnet: Encoder, reference: dict[str, np.ndarray], name: str
) -> None:
    weights = mpnet.weights()
    weights[f"trunk.{name}.weight"] = np.roll(weights[f"trunk.{name}.weight"], 1, axis=0)
    changed = mpnet.with_weights(weights).model.trunk(mx.array(reference["input_ids"]), mx.array(reference["mask"]))
    assert np.abs(np.array(changed) - reference["hidden"])[reference["mask"].astype(bool)].max() > 0.01


def test_texts_are_tokenised_as_by_transformers(mpnet: Encoder, reference: dict[str, np.ndarray]) -> None:
    tokens = mpnet.tokenizer.tokenise(reference["texts"].tolist(), int(reference["max_length"]))
    for row, (ids, mask) in enumerate(zip(reference["input_ids"], reference["mask"], strict=True)):
        assert tokens[row].tolist() == ids[mask.astype(bool)].tolist()


def test_padding_has_a_position_of_its_own_so_that_texts_are_two_shorter(mpnet: Encoder) -> None:
    assert isinstance(mpnet.config, MPNetConfig)
    assert (mpnet.config.max_position_embeddings, mpnet.config.longest_text) == (66, 64)
    assert mpnet.settings.document_length == 64
    assert np.isfinite(mpnet.encode_documents(["read " * 100]).vectors).all()


def test_a_checkpoint_is_written_as_it_was_read(mpnet: Encoder, tmp_path: Path) -> None:
    save_encoder(mpnet, tmp_path / "saved")
    assert load_encoder(tmp_path / "saved").fingerprint == mpnet.fingerprint
    config = json.loads((tmp_path / "saved" / "config.json").read_text())
    assert (config["architectures"], config["model_type"]) == (["MPNetModel"], "mpnet")
    written, read = (load_file(folder / "model.safetensors") for folder in (tmp_path / "saved", TINY))
    assert "pooler.dense.weight" in written
    assert written.keys() == read.keys()


def test_weights_of_a_task_model_load_too(mpnet: Encoder, tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "task")
    tensors = {f"mpnet.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    tensors["mpnet.embeddings.position_ids"] = np.arange(66)[None]
    tensors["lm_head.dense.weight"] = np.zeros((24, 24), dtype=np.float32)
    save_file(tensors, folder / "model.safetensors")
    assert load_encoder(folder).fingerprint == mpnet.fingerprint


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"relative_attention_num_buckets": 16}, "relative_attention_num_buckets 16 is not supported, only 32"),
        ({"pad_token_id": 0}, "pad_token_id 0 is not supported, only 1"),
        ({"hidden_size": 23}, "hidden_size 23 is not a multiple"),
    ],
)
def test_a_config_that_is_computed_otherwise_is_refused(tmp_path: Path, changed: dict[str, int], message: str) -> None:
    folder = shutil.copytree(TINY, tmp_path / "other")
    config = json.loads((folder / "config.json").read_text()) | changed
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=message):
        load_encoder(folder)


def test_all_of_it_learns_position_biases_included(mpnet: Encoder, tmp_path: Path) -> None:
    # weight decay alone moves matrices too
    recipe = replace(RECIPE, weight_decay=0.0)
    report = train(recipe, mpnet, tiny_examples(), lambda _: 1.0, tmp_path / "state", lambda _: None)
    before, after = mpnet.weights(), report.encoder.weights()
    for name in ("position_bias.weight", "embeddings.word.weight", "layers.0.query.weight", "layers.1.down.weight"):
        assert np.abs(after[f"trunk.{name}"] - before[f"trunk.{name}"]).max() > 0, name


def test_every_projection_of_a_layer_gets_an_adapter(mpnet: Encoder) -> None:
    assert add_lora(mpnet.model, rank=2, alpha=4.0, seed=1) == 2 * 6
