"""How texts become token vectors: the part of a checkpoint that is not weights."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class EncoderSettings:
    """Stored with a checkpoint, so that an index and a query always agree.

    Attributes:
        dim: Width of a token vector.
        query_length: Longest query in tokens, special tokens included; the rest is cut off.
        document_length: Longest document in tokens, special tokens included.
        keep_special_tokens: Whether [CLS] and [SEP] give vectors as every other token does. On, as in ColBERT and
            PyLate: they carry what the whole text says, and queries and documents then follow one rule (every token
            that is not padding counts).
        skip_punctuation: Whether tokens of a document that are a single ASCII punctuation mark give no vector
            (ColBERT's skiplist). They still take part in attention. Queries keep them.
        split_code: Whether texts go through `code_text.split_code` before the tokenizer (identifiers apart, brackets
            and operators away).
        lower_case: Whether texts are lower-cased before a tokenizer that tells capitals apart (T5's).
    """

    dim: int
    query_length: int = 32
    document_length: int = 256
    keep_special_tokens: bool = True
    skip_punctuation: bool = False
    split_code: bool = True
    lower_case: bool = False

    def within(self, positions: int) -> EncoderSettings:
        """The same settings with lengths of at most `positions` tokens."""
        return replace(
            self,
            query_length=min(self.query_length, positions),
            document_length=min(self.document_length, positions),
        )


def read_settings(raw: Mapping[str, Any], default: EncoderSettings) -> EncoderSettings:
    """Settings from a `config_sentence_transformers.json` (PyLate's keys); what is not there is as in `default`."""
    return EncoderSettings(
        dim=default.dim,
        query_length=int(raw.get("query_length", default.query_length)),
        document_length=int(raw.get("document_length", default.document_length)),
        keep_special_tokens=bool(raw.get("keep_special_tokens", default.keep_special_tokens)),
        skip_punctuation=bool(raw.get("skiplist_words", [])),
        split_code=bool(raw.get("split_code", default.split_code)),
        lower_case=bool(raw.get("lower_case", default.lower_case)),
    )


def settings_json(settings: EncoderSettings) -> dict[str, Any]:
    """The settings under PyLate's keys: no prefixes, no query expansion, the skiplist spelled out."""
    return {
        "model_type": "ColBERT",
        "similarity_fn_name": "MaxSim",
        "query_prefix": "",
        "document_prefix": "",
        "query_length": settings.query_length,
        "document_length": settings.document_length,
        "do_query_expansion": False,
        "attend_to_expansion_tokens": False,
        "skiplist_words": list(string.punctuation) if settings.skip_punctuation else [],
        "keep_special_tokens": settings.keep_special_tokens,
        "split_code": settings.split_code,
        "lower_case": settings.lower_case,
    }
