"""How texts become token vectors: the part of a checkpoint that is not weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EncoderSettings:
    """Stored with a checkpoint, so that an index and a query always agree.

    Attributes:
        dim: Width of a token vector.
        query_length: Longest query in tokens, special tokens included; the rest is cut off.
        document_length: Longest document in tokens, special tokens included.
        keep_special_tokens: Whether [CLS] and [SEP] give vectors as every other token does. On, as in ColBERT: they carry what the
            whole text says, and queries and documents then follow one rule (every token that is not padding counts).
        skip_punctuation: Whether tokens of a document that are a single ASCII punctuation mark give no vector (ColBERT's skiplist).
            They still take part in attention. Queries keep them.
    """

    dim: int
    query_length: int = 32
    document_length: int = 256
    keep_special_tokens: bool = True
    skip_punctuation: bool = False
