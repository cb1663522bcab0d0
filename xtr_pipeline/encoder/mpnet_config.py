"""The shape of an MPNet encoder, read from a Hugging Face `config.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xtr_pipeline.encoder.bert_config import BertConfig, bert_problems, known_fields

# transformers has these as constants, whatever a config.json says
BUCKETS = 32
FIRST_POSITION = 2
"""Where the table of positions starts to be used: behind that of padding, whose id is 1."""


@dataclass(frozen=True)
class MPNetConfig(BertConfig):
    """Geometry of an MPNet encoder: BERT's, without segments; field names are those of `config.json`."""

    pad_token_id: int = 1

    @property
    def longest_text(self) -> int:
        """Tokens of the longest text, special ones included."""
        return self.max_position_embeddings - FIRST_POSITION


def mpnet_config_of(raw: dict[str, Any]) -> tuple[MPNetConfig | None, list[str]]:
    """The geometry that a `config.json` describes, or everything that is missing or unsupported."""
    problems = bert_problems(raw)
    for name, only in (("pad_token_id", FIRST_POSITION - 1), ("relative_attention_num_buckets", BUCKETS)):
        if raw.get(name, only) != only:
            problems.append(f"{name} {raw[name]!r} is not supported, only {only}")
    return (None, problems) if problems else (MPNetConfig(**known_fields(MPNetConfig, raw)), [])
