"""Reading checkpoints in Hugging Face layout: by folder, by hub id, or the base encoder by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from xtr_pipeline.encoder.base_weights import fetch_base_encoder
from xtr_pipeline.encoder.bert_config import BertConfig, CheckpointError, read_bert_config, read_json_object
from xtr_pipeline.encoder.checkpoint_writing import TOKENIZER_COMPANIONS, save_encoder
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Carried, Encoder
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.encoder.settings import EncoderSettings, read_settings
from xtr_pipeline.encoder.tokenising import TextTokenizer
from xtr_pipeline.encoder.weight_names import to_ours

__all__ = ["CheckpointError", "load_encoder", "load_from", "save_encoder"]

HUB_FILES = ["*.json", "model.safetensors", "vocab.txt", "*/config.json", "*/model.safetensors"]


def load_encoder(folder: Path) -> Encoder:
    """Load a BERT checkpoint with or without a linear head.

    Args:
        folder: config.json, model.safetensors, tokenizer.json; optionally modules.json naming a Dense folder (the head).

    Raises:
        CheckpointError: Naming the file and the cure.
    """
    folder = Path(folder)
    config = read_bert_config(folder / "config.json")
    weights, unused = _read_bert_weights(folder / "model.safetensors", config)
    head = _read_head(folder, config)
    dim = config.hidden_size if head is None else int(head.shape[0])
    if head is not None:
        weights["head.weight"] = head
    model = MultiVectorEncoder(config, None if head is None else dim)
    model.load_weights([(name, mx.array(value)) for name, value in weights.items()], strict=True)
    mx.eval(model.parameters())
    carried = Carried(
        config=read_json_object(folder / "config.json"),
        files={name: (folder / name).read_bytes() for name in TOKENIZER_COMPANIONS if (folder / name).is_file()},
        tensors=unused,
    )
    return Encoder(model, _read_tokenizer(folder, config), _read_settings(folder, config, dim), config, carried)


def load_from(ref: str, home: Path) -> Encoder:
    """Load an encoder by reference.

    Args:
        ref: "base" (fetched and checked when it is not there yet), a folder, or a hub id such as "org/name".
        home: Run storage; the base encoder lies in checkpoints/base, downloads in downloads, hub snapshots in checkpoints/hub.

    Raises:
        CheckpointError: When there is no such folder and the hub has no such model, or the checkpoint is unusable.
    """
    if ref == "base":
        return load_encoder(fetch_base_encoder(home / "checkpoints" / "base", home / "downloads"))
    folder = Path(ref)
    if folder.is_dir():
        return load_encoder(folder)
    if folder.is_absolute() or ref.count("/") != 1 or ref.startswith("."):
        raise CheckpointError(f"{ref} is not a folder; give a checkpoint folder, a hub id (org/name) or 'base'")
    return load_encoder(_snapshot(ref, home / "checkpoints" / "hub"))


def _snapshot(hub_id: str, cache: Path) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, cache_dir=cache, allow_patterns=HUB_FILES))
    except Exception as error:  # the hub raises a dozen unrelated classes; at this boundary they mean one thing
        cure = "check the id and the network, or download the model and give its folder"
        raise CheckpointError(f"{hub_id} is not a local folder and could not be had from the hub ({error}); {cure}") from error


def _read_bert_weights(path: Path, config: BertConfig) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    ours: dict[str, NDArray[np.float32]] = {}
    unused: dict[str, NDArray[np.float32]] = {}
    for name, tensor in _read_tensors(path).items():
        renamed = to_ours(name)
        if renamed is not None:
            ours[f"bert.{renamed}"] = tensor.astype(np.float32, copy=False)
        elif "pooler." in name:
            unused[name.removeprefix("bert.")] = tensor
    expected = _expected_shapes(config)
    problems = [f"{name} is missing" for name in sorted(expected.keys() - ours.keys())]
    problems += [f"{name} is not expected by config.json" for name in sorted(ours.keys() - expected.keys())]
    problems += [
        f"{name} is {ours[name].shape}, config.json asks for {expected[name]}"
        for name in sorted(expected.keys() & ours.keys())
        if ours[name].shape != expected[name]
    ]
    if problems:
        raise CheckpointError(f"{path} does not fit config.json beside it; use the files of one checkpoint: " + "; ".join(problems))
    return ours, unused


def _expected_shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    from mlx.utils import tree_flatten

    return {name: tuple(value.shape) for name, value in tree_flatten(MultiVectorEncoder(config, None).parameters())}


def _read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        cure = "convert the checkpoint with transformers' save_pretrained (one file of safetensors)"
        raise CheckpointError(f"{path} is missing; {cure}")
    try:
        return dict(load_file(path))
    except (SafetensorError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} cannot be read as float safetensors ({error}); copy or download it again") from error


def _read_head(folder: Path, config: BertConfig) -> NDArray[np.float32] | None:
    if not (folder / "modules.json").is_file():
        return None
    import json

    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    dense = [module["path"] for module in modules if str(module.get("type", "")).rsplit(".", 1)[-1] == "Dense"]
    if not dense:
        return None
    if len(dense) > 1:
        raise CheckpointError(f"{folder / 'modules.json'} lists {len(dense)} Dense modules; only one linear head is supported")
    path = folder / dense[0] / "config.json"
    raw = read_json_object(path)
    problems = []
    if raw.get("bias", True):
        problems.append("bias must be false")
    if not str(raw.get("activation_function", "Identity")).endswith("Identity"):
        problems.append(f"activation_function {raw['activation_function']} must be Identity")
    if raw.get("use_residual"):
        problems.append("use_residual must be false")
    if problems:
        raise CheckpointError(f"{path}: only a plain linear head is supported: " + "; ".join(problems))
    weights = folder / dense[0] / "model.safetensors"
    head = _read_tensors(weights).get("linear.weight")
    if head is None or head.ndim != 2 or head.shape[1] != config.hidden_size:
        shape = None if head is None else head.shape
        raise CheckpointError(f"{weights}: linear.weight must be (dim, {config.hidden_size}), not {shape}")
    return head.astype(np.float32, copy=False)


def _read_tokenizer(folder: Path, config: BertConfig) -> TextTokenizer:
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise CheckpointError(f"{path} is missing; save the fast tokenizer there (transformers: AutoTokenizer(...).save_pretrained)")
    try:
        tokenizer = TextTokenizer(path.read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises bare Exception for a broken file
        raise CheckpointError(f"{path} is not a usable tokenizer ({error}); copy or download it again") from error
    if tokenizer.vocabulary_size() > config.vocab_size:
        sizes = f"{tokenizer.vocabulary_size()} tokens and config.json {config.vocab_size}"
        raise CheckpointError(f"{path} has {sizes}; use the tokenizer that belongs to the weights")
    return tokenizer


def _read_settings(folder: Path, config: BertConfig, dim: int) -> EncoderSettings:
    path = folder / "config_sentence_transformers.json"
    settings = read_settings(read_json_object(path), dim) if path.is_file() else EncoderSettings(dim=dim)
    longest = max(settings.document_length, settings.query_length)
    if longest > config.max_position_embeddings:
        raise CheckpointError(f"{path}: a length of {longest} tokens, but config.json has {config.max_position_embeddings} positions")
    return settings
