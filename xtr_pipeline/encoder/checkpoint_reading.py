"""The parts of a checkpoint folder in Hugging Face layout, each read and checked by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from mlx.utils import tree_flatten
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from xtr_pipeline.encoder.bert_config import CheckpointError, read_json_object
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.encoder.settings import EncoderSettings, read_settings
from xtr_pipeline.encoder.t5_config import T5Config
from xtr_pipeline.encoder.tokenising import TextTokenizer
from xtr_pipeline.encoder.torch_file import read_torch_file
from xtr_pipeline.encoder.trunks import TrunkConfig, architecture_of

Weights = dict[str, NDArray[np.float32]]

TORCH_FILE = "pytorch_model.bin"
TOKEN_WEIGHTS_FILE = "token_weights.safetensors"
# In config_sentence_transformers.json, so that a copy without the file is not taken for a model without weights.
WEIGHTED = "token_weights"


def read_trunk_weights(path: Path, config: TrunkConfig) -> tuple[Weights, Weights]:
    """The encoder's weights by our names, and those without a use here (a pooler) by Hugging Face's.

    Raises:
        CheckpointError: Listing every tensor that is missing, unknown or of a wrong shape.
    """
    ours: Weights = {}
    unused: Weights = {}
    names = architecture_of(config).names
    for name, tensor in read_tensors(path).items():
        renamed = names.to_ours(name)
        if renamed is not None:
            ours[f"trunk.{renamed}"] = tensor.astype(np.float32, copy=False)
        elif names.is_carried(name):
            unused[name.removeprefix(names.prefix)] = tensor
    expected = {name: tuple(value.shape) for name, value in tree_flatten(MultiVectorEncoder(config, None).parameters())}
    problems = [f"{name} is missing" for name in sorted(expected.keys() - ours.keys())]
    problems += [f"{name} is more than config.json describes" for name in sorted(ours.keys() - expected.keys())]
    problems += [
        f"{name} is {ours[name].shape}, config.json asks for {expected[name]}"
        for name in sorted(expected.keys() & ours.keys())
        if ours[name].shape != expected[name]
    ]
    if problems:
        cure = "use the weights and the config.json of one checkpoint"
        raise CheckpointError(f"{path} does not fit the config.json beside it; {cure}: " + "; ".join(problems))
    return ours, unused


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """All tensors of a safetensors file.

    Raises:
        CheckpointError: When it is missing or broken.
    """
    if not path.is_file():
        cure = "convert the checkpoint with transformers' save_pretrained (one file of safetensors)"
        raise CheckpointError(f"{path} is missing; {cure}")
    try:
        return dict(load_file(path))
    except (SafetensorError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); copy or download it again, as float32") from error


def read_head(folder: Path, config: TrunkConfig) -> NDArray[np.float32] | None:
    """The linear head's weight (dim, hidden), None when modules.json names no Dense module.

    It lies in model.safetensors or in pytorch_model.bin (google/xtr-base-en). Without a modules.json, a T5's folder
    2_Dense is the head.

    Raises:
        CheckpointError: When the head is more than one linear layer without bias.
    """
    path = folder / "modules.json"
    dense = [module for module in _read_modules(path) if str(module.get("type", "")).rsplit(".", 1)[-1] == "Dense"]
    usual = architecture_of(config).head_folder
    if not path.is_file() and isinstance(config, T5Config) and (folder / usual).is_dir():
        dense = [{"path": usual}]
    if not dense:
        return None
    if len(dense) > 1:
        raise CheckpointError(f"{path} lists {len(dense)} Dense modules; only one linear head is supported")
    part = folder / str(dense[0].get("path", "1_Dense"))
    problems = _head_problems(read_json_object(part / "config.json"))
    if problems:
        raise CheckpointError(f"{part / 'config.json'}: only a plain linear head is supported: " + "; ".join(problems))
    file = part / "model.safetensors"
    if file.is_file() or not (part / TORCH_FILE).is_file():
        tensors = read_tensors(file)
    else:
        file = part / TORCH_FILE
        tensors = read_torch_file(file)
    head = tensors.get("linear.weight")
    if head is None or head.ndim != 2 or head.shape[1] != config.hidden_size:
        found = "missing" if head is None else f"of shape {head.shape}"
        cure = f"it must be (dim, {config.hidden_size})"
        raise CheckpointError(f"{file}: linear.weight is {found}; {cure}")
    return head.astype(np.float32, copy=False)


def read_token_weights(folder: Path, vocabulary: int) -> NDArray[np.float32] | None:
    """How much each token of a query counts, `(vocabulary,)`; None for a checkpoint that has no weights.

    Raises:
        CheckpointError: When the file is missing though the settings name it, or is broken, or the weights are too few,
            too many, or not all above 0.
    """
    path, settings = folder / TOKEN_WEIGHTS_FILE, folder / "config_sentence_transformers.json"
    if not path.is_file():
        if settings.is_file() and read_json_object(settings).get(WEIGHTED):
            raise CheckpointError(f"{path} is missing, and {settings.name} says there is one; copy the whole folder")
        return None
    weights = read_tensors(path).get("weight")
    if weights is None or weights.shape != (vocabulary,):
        found = "missing" if weights is None else f"of shape {weights.shape}"
        raise CheckpointError(f"{path}: weight is {found}; it must be ({vocabulary},), one for each token")
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise CheckpointError(f"{path}: weight must be above 0 for every token; copy or train the checkpoint again")
    return weights.astype(np.float32, copy=False)


def read_tokenizer(path: Path, config: TrunkConfig) -> TextTokenizer:
    """The tokenizer of a `tokenizer.json`.

    Raises:
        CheckpointError: When it is missing, broken, or has more tokens than the weights.
    """
    if not path.is_file():
        cure = "write the fast tokenizer there with transformers' AutoTokenizer(...).save_pretrained"
        raise CheckpointError(f"{path} is missing; {cure}")
    try:
        tokenizer = TextTokenizer(path.read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises bare Exception for a broken file
        raise CheckpointError(f"{path} is not a usable tokenizer ({error}); copy or download it again") from error
    if tokenizer.vocabulary_size() > config.vocab_size:
        sizes = f"{tokenizer.vocabulary_size()} tokens, config.json {config.vocab_size}"
        raise CheckpointError(f"{path} has {sizes}; use the tokenizer that belongs to the weights")
    return tokenizer


def read_encoder_settings(path: Path, config: TrunkConfig, dim: int) -> EncoderSettings:
    """Settings from a `config_sentence_transformers.json`, defaults where there is none.

    Raises:
        CheckpointError: When a length is more than the encoder has positions.
    """
    default = EncoderSettings(dim=dim, lower_case=architecture_of(config).lower_case)
    if not path.is_file():
        return default.within(config.longest_text)
    settings = read_settings(read_json_object(path), default)
    longest = max(settings.document_length, settings.query_length)
    if longest > config.longest_text:
        most = f"by its config.json the encoder reads {config.longest_text} at most"
        raise CheckpointError(f"{path} asks for {longest} tokens, {most}; shorten query_length or document_length")
    return settings


def _read_modules(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); copy or download it again") from error
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise CheckpointError(f"{path} is not a list of modules; copy or download it again")
    return modules


def _head_problems(raw: dict[str, Any]) -> list[str]:
    problems = []
    if raw.get("bias", True):
        problems.append("bias must be false")
    if not str(raw.get("activation_function", "Identity")).endswith("Identity"):
        problems.append(f"activation_function {raw['activation_function']} must be Identity")
    if raw.get("use_residual"):
        problems.append("use_residual must be false")
    return problems
