"""Attention heads: rows of a projection apart by head, and together again."""

from __future__ import annotations

from xtr_pipeline.encoder.compute import mx


def by_head(rows: mx.array, batch: int, heads: int) -> mx.array:
    """(batch * tokens, heads * size) -> (batch, heads, tokens, size)."""
    split: mx.array = rows.reshape(batch, rows.shape[0] // batch, heads, rows.shape[1] // heads)
    return split.transpose(0, 2, 1, 3)


def as_rows(by_heads: mx.array) -> mx.array:
    """(batch, heads, tokens, size) -> (batch * tokens, heads * size)."""
    batch, heads, tokens, size = by_heads.shape
    rows: mx.array = by_heads.transpose(0, 2, 1, 3).reshape(batch * tokens, heads * size)
    return rows
