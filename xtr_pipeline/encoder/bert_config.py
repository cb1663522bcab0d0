"""The shape of a BERT encoder, read from a Hugging Face `config.json`."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu")


class CheckpointError(ValueError):
    """A checkpoint folder that cannot be used; the message names the file and the cure."""


@dataclass(frozen=True)
class BertConfig:
    """Geometry of a BERT encoder; field names are those of `config.json`."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    hidden_act: str = "gelu"
    pad_token_id: int = 0

    @property
    def longest_text(self) -> int:
        """Tokens of the longest text, special ones included."""
        return self.max_position_embeddings

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_attention_heads


def bert_config_of(raw: dict[str, Any]) -> tuple[BertConfig | None, list[str]]:
    """The geometry that a `config.json` describes, or everything that is missing or unsupported."""
    problems = bert_problems(raw)
    return (None, problems) if problems else (BertConfig(**known_fields(BertConfig, raw)), [])


def known_fields(geometry: type, raw: dict[str, Any]) -> dict[str, Any]:
    """What a `config.json` says about the fields of a geometry."""
    return {field.name: raw[field.name] for field in fields(geometry) if raw.get(field.name) is not None}


def read_json_object(path: Path) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        CheckpointError: When the file is missing, is not JSON, or is not an object.
    """
    if not path.is_file():
        cure = "point to a folder in Hugging Face layout (config.json, model.safetensors, tokenizer.json)"
        raise CheckpointError(f"{path} is missing; {cure}")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); copy or download it again") from error
    if not isinstance(raw, dict):
        raise CheckpointError(f"{path} holds a {type(raw).__name__}, not an object; copy or download it again")
    return raw


def size_problems(geometry: type, raw: dict[str, Any]) -> list[str]:
    """What is wrong with the fields of a geometry that have no default: all of them are sizes."""
    required = [field.name for field in fields(geometry) if field.default is MISSING]
    return [
        f"{name} must be a positive integer, not {raw.get(name)!r}"
        for name in required
        if not isinstance(raw.get(name), int) or raw[name] < 1
    ]


def bert_problems(raw: dict[str, Any]) -> list[str]:
    """What is missing or unsupported in a `config.json` of BERT's fields."""
    problems = size_problems(BertConfig, raw)
    if not problems and raw["hidden_size"] % raw["num_attention_heads"]:
        problems.append(f"hidden_size {raw['hidden_size']} is not a multiple of the {raw['num_attention_heads']} heads")
    if raw.get("hidden_act", "gelu") not in ACTIVATIONS:
        problems.append(f"hidden_act {raw['hidden_act']!r} is not one of {', '.join(ACTIVATIONS)}")
    if raw.get("position_embedding_type", "absolute") != "absolute":
        problems.append(f"position_embedding_type {raw['position_embedding_type']!r} is not supported, only 'absolute'")
    return problems
