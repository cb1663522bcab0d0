"""The shape of an MPNet encoder, read from a Hugging Face `config.json`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from xtr_pipeline.encoder.bert_config import BertConfig, bert_problems


@dataclass(frozen=True)
class MPNetConfig(BertConfig):
    """Geometry of an MPNet encoder: BERT's with a table of position biases; field names are those of `config.json`."""

    layer_norm_eps: float = 1e-5
    pad_token_id: int = 1
    relative_attention_num_buckets: int = 32

    @property
    def first_position(self) -> int:
        """Where the table of positions starts to be used: behind padding's own, as in fairseq."""
        return self.pad_token_id + 1

    @property
    def longest_text(self) -> int:
        """Tokens of the longest text, special ones included."""
        return self.max_position_embeddings - self.first_position


def mpnet_config_of(raw: dict[str, Any]) -> tuple[MPNetConfig | None, list[str]]:
    """The geometry that a `config.json` describes, or everything that is missing or unsupported."""
    problems = bert_problems(raw)
    if problems:
        return None, problems
    return MPNetConfig(**{f.name: raw[f.name] for f in fields(MPNetConfig) if raw.get(f.name) is not None}), []
