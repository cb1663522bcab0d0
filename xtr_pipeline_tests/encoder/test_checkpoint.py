"""Loading and saving checkpoints in Hugging Face layout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from xtr_pipeline.encoder.checkpoint import CheckpointError, load_encoder, load_from, save_encoder
from xtr_pipeline.encoder.encoder import Encoder


def test_a_saved_encoder_loads_as_the_same_bits(tiny: Encoder, tmp_path: Path):
    save_encoder(tiny, tmp_path / "saved")
    loaded = load_encoder(tmp_path / "saved")
    assert loaded.fingerprint == tiny.fingerprint
    for name, weight in tiny.weights().items():
        np.testing.assert_array_equal(loaded.weights()[name], weight)


def test_a_head_in_column_order_is_saved_as_it_is(tiny: Encoder, tmp_path: Path):
    head = np.asfortranarray(np.random.default_rng(0).normal(size=(5, 24)).astype(np.float32))
    save_encoder(tiny.with_head(head), tmp_path / "saved")
    np.testing.assert_array_equal(load_encoder(tmp_path / "saved").weights()["head.weight"], head)


def test_settings_are_saved_with_the_weights(tiny: Encoder, tmp_path: Path):
    from dataclasses import replace

    settings = replace(tiny.settings, query_length=20, keep_special_tokens=False, skip_punctuation=True)
    save_encoder(replace(tiny, settings=settings), tmp_path / "saved")
    assert load_encoder(tmp_path / "saved").settings == settings


def test_an_encoder_without_head_stays_without(copied: Path, tmp_path: Path):
    (copied / "modules.json").unlink()
    save_encoder(load_encoder(copied), tmp_path / "saved")
    assert not (tmp_path / "saved" / "1_Dense").exists()
    loaded = load_encoder(tmp_path / "saved")
    assert loaded.settings.dim == 24
    assert loaded.model.head is None


def test_the_saved_folder_has_the_names_that_hugging_face_libraries_look_for(
    tiny: Encoder, tiny_folder: Path, tmp_path: Path
):
    save_encoder(tiny, tmp_path / "saved")
    saved, original = load_file(tmp_path / "saved" / "model.safetensors"), load_file(tiny_folder / "model.safetensors")
    assert saved.keys() == original.keys()
    for name in saved:
        np.testing.assert_array_equal(saved[name], original[name])
    assert list(load_file(tmp_path / "saved" / "1_Dense" / "model.safetensors")) == ["linear.weight"]
    modules = json.loads((tmp_path / "saved" / "modules.json").read_text())
    assert [module["path"] for module in modules] == ["", "1_Dense"]
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["architectures"] == ["BertModel"]


def test_transformers_reads_config_and_tokenizer_of_the_saved_folder(tiny: Encoder, tmp_path: Path):
    from transformers import AutoConfig, AutoTokenizer

    save_encoder(tiny, tmp_path / "saved")
    assert AutoConfig.from_pretrained(tmp_path / "saved").model_type == "bert"
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert tokenizer("retry a file")["input_ids"] == tiny.tokenizer.tokenise(["retry a file"], 16)[0].tolist()


def test_saving_replaces_an_older_checkpoint_and_leaves_nothing_beside_it(tiny: Encoder, tmp_path: Path):
    save_encoder(tiny, tmp_path / "saved")
    save_encoder(tiny.with_head(np.eye(4, 24, dtype=np.float32)), tmp_path / "saved")
    assert load_encoder(tmp_path / "saved").settings.dim == 4
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_a_failed_save_leaves_the_older_checkpoint_alone(
    tiny: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    save_encoder(tiny, tmp_path / "saved")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("xtr_pipeline.encoder.checkpoint_writing._write_files", fail)
    with pytest.raises(OSError, match="disk full"):
        save_encoder(tiny.with_head(np.eye(4, 24, dtype=np.float32)), tmp_path / "saved")
    assert load_encoder(tmp_path / "saved").fingerprint == tiny.fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_weights_of_a_task_model_with_old_names_load_too(copied: Path, tiny: Encoder):
    tensors = load_file(copied / "model.safetensors")
    renamed = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in tensors.items()
    }
    renamed["bert.embeddings.position_ids"] = np.arange(64)[None]
    renamed["cls.predictions.bias"] = np.zeros(3, dtype=np.float32)
    save_file(renamed, copied / "model.safetensors")
    assert load_encoder(copied).fingerprint == tiny.fingerprint


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("config.json", "folder in Hugging Face layout"),
        ("model.safetensors", "save_pretrained"),
        ("tokenizer.json", "AutoTokenizer"),
        ("1_Dense/model.safetensors", "save_pretrained"),
    ],
)
def test_a_missing_file_is_named_with_the_cure(copied: Path, name: str, cure: str):
    (copied / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing.*{cure}"):
        load_encoder(copied)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "modules.json"])
def test_a_broken_file_is_named(copied: Path, name: str):
    (copied / name).write_bytes(b"{ broken \xff")
    with pytest.raises(CheckpointError, match=f"{name}.*again"):
        load_encoder(copied)


def test_everything_wrong_with_a_config_is_in_one_message(edit_json: Callable[..., Path]):
    folder = edit_json("config.json", hidden_size=None, vocab_size=-1, hidden_act="swish")
    with pytest.raises(CheckpointError, match=r"(?s)vocab_size.*hidden_size.*hidden_act 'swish'"):
        load_encoder(folder)


def test_another_architecture_is_refused_by_name(edit_json: Callable[..., Path]):
    with pytest.raises(CheckpointError, match=r"'roberta'.*only 'bert'"):
        load_encoder(edit_json("config.json", model_type="roberta"))


def test_weights_that_do_not_fit_the_config_are_listed(edit_json: Callable[..., Path]):
    with pytest.raises(CheckpointError, match=r"(?s)layers\.2.*missing"):
        load_encoder(edit_json("config.json", num_hidden_layers=3))
    with pytest.raises(CheckpointError, match=r"up\.weight is \(40, 24\), config.json asks for \(48, 24\)"):
        load_encoder(edit_json("config.json", num_hidden_layers=2, intermediate_size=48))
    with pytest.raises(CheckpointError, match=r"layers\.1.* more than config.json describes"):
        load_encoder(edit_json("config.json", num_hidden_layers=1, intermediate_size=40))


def test_a_head_that_is_more_than_one_linear_layer_is_refused(edit_json: Callable[..., Path]):
    folder = edit_json("1_Dense/config.json", bias=True, activation_function="torch.nn.modules.activation.Tanh")
    with pytest.raises(CheckpointError, match=r"(?s)bias must be false.*Tanh must be Identity"):
        load_encoder(folder)


def test_a_tokenizer_with_more_tokens_than_the_weights_is_refused(copied: Path):
    tokenizer = json.loads((copied / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["surplus"] = 122
    (copied / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(CheckpointError, match="123 tokens"):
        load_encoder(copied)


def test_lengths_beyond_the_positions_are_refused(edit_json: Callable[..., Path]):
    with pytest.raises(CheckpointError, match=r"100 tokens.*reads 64 at most"):
        load_encoder(edit_json("config_sentence_transformers.json", document_length=100))


def test_default_lengths_shrink_to_the_positions(copied: Path):
    (copied / "config_sentence_transformers.json").unlink()
    assert load_encoder(copied).settings.document_length == 64


def test_a_folder_can_be_given_by_reference(tiny: Encoder, tiny_folder: Path, tmp_path: Path):
    assert load_from(str(tiny_folder), tmp_path).fingerprint == tiny.fingerprint


def test_a_hub_id_is_loaded_from_the_hubs_cache(
    tiny: Encoder, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    commit = "0" * 40
    cached = tmp_path / "checkpoints" / "hub" / "models--someone--tiny"
    shutil.copytree(tiny_folder, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert load_from("someone/tiny", tmp_path).fingerprint == tiny.fingerprint


def test_a_hub_id_that_cannot_be_had_names_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=r"someone/missing.*give its folder"):
        load_from("someone/missing", tmp_path)


@pytest.mark.parametrize("ref", ["/no/such/folder", "./missing", "one-word", "a/b/c"])
def test_a_reference_that_is_nothing_is_refused_without_asking_the_hub(ref: str, tmp_path: Path):
    with pytest.raises(CheckpointError, match="is not a folder"):
        load_from(ref, tmp_path)


def test_base_is_loaded_from_its_place_in_the_home(
    tiny: Encoder, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import hashlib

    shutil.copytree(tiny_folder, tmp_path / "checkpoints" / "base")
    digest = hashlib.sha256(Path(tiny_folder / "model.safetensors").read_bytes()).hexdigest()
    monkeypatch.setattr("xtr_pipeline.encoder.base_weights.BASE_WEIGHTS_SHA256", digest)
    assert load_from("base", tmp_path).fingerprint == tiny.fingerprint
