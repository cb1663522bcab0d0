"""The shape of a T5 v1.1 encoder, read from a Hugging Face `config.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xtr_pipeline.encoder.bert_config import known_fields, size_problems

FEED_FORWARDS = ("gated-gelu", "gated-gelu_new")


@dataclass(frozen=True)
class T5Config:
    """Geometry of a T5 v1.1 encoder; field names are those of `config.json`.

    T5 has no table of positions: any length can be encoded, and `longest_text` is what it was trained on.
    """

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_heads: int
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    layer_norm_epsilon: float = 1e-6
    feed_forward_proj: str = "gated-gelu"
    pad_token_id: int = 0

    @property
    def hidden_size(self) -> int:
        """Width of a token's output."""
        return self.d_model

    @property
    def longest_text(self) -> int:
        """Longest text in tokens, as T5 was pre-trained."""
        return 512


def t5_config_of(raw: dict[str, Any]) -> tuple[T5Config | None, list[str]]:
    """The geometry that a `config.json` describes, or everything that is missing or unsupported."""
    problems = size_problems(T5Config, raw)
    activation = raw.get("feed_forward_proj", "relu")
    if activation not in FEED_FORWARDS:
        problems.append(f"feed_forward_proj {activation!r} is not T5 v1.1's gated-gelu; choose a v1.1 checkpoint")
    if problems:
        return None, problems
    return T5Config(**known_fields(T5Config, raw)), []
