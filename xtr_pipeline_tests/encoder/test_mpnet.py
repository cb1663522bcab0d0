"""The MPNet encoder: parity with transformers' MPNetModel, its checkpoints, its positions, training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from xtr_pipeline.encoder.checkpoint import CheckpointError, load_encoder, save_encoder
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.kernels import Kernels, fast_kernels, reference_kernels
from xtr_pipeline.encoder.lora import add_lora
from xtr_pipeline.encoder.mpnet_config import MPNetConfig
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.training.trainer import train
from xtr_pipeline_tests.encoder.conftest import FIXTURES
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_examples

TINY = FIXTURES / "tiny_mpnet"
KERNELS = pytest.mark.parametrize("kernels", [fast_kernels(), reference_kernels()], ids=lambda kernels: kernels.name)


@pytest.fixture
def mpnet() -> Encoder:
    return load_encoder(TINY)


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    with np.load(FIXTURES / "tiny_mpnet.npz") as arrays:
        return dict(arrays)


@KERNELS
def test_outputs_equal_the_reference_implementation(
    mpnet: Encoder, reference: dict[str, np.ndarray], kernels: Kernels
) -> None:
    model = MultiVectorEncoder(mpnet.config, None, kernels)
    model.load_weights([(name, mx.array(weight)) for name, weight in mpnet.weights().items()])
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


def test_a_config_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "broken")
    config = json.loads((folder / "config.json").read_text()) | {"relative_attention_num_buckets": 16}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"position_bias.weight is \(32, 3\), config.json asks for \(16, 3\)"):
        load_encoder(folder)


def test_all_of_it_learns_position_biases_included(mpnet: Encoder, tmp_path: Path) -> None:
    recipe = RECIPE
    report = train(recipe, mpnet, tiny_examples(), lambda _: 1.0, tmp_path / "state", lambda _: None)
    moved = {
        name: float(np.abs(weight - mpnet.weights()[name]).max()) for name, weight in report.encoder.weights().items()
    }
    assert moved["trunk.position_bias.weight"] > 0
    assert moved["trunk.layers.1.down.weight"] > 0
    assert add_lora(mpnet.copy().model, rank=2, alpha=4.0, seed=1) == 2 * 6
