"""Padding token sequences into tiles: a few shapes, little padding, bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xtr_pipeline.training.token_data import TokenSequence

LENGTH_STEP = 32  # lengths are rounded up to a multiple of this: six shapes for documents of up to 180 tokens


@dataclass(frozen=True)
class Tile:
    """Sequences that are encoded together.

    Attributes:
        input_ids: (rows, tokens) int32, padded with the pad id.
        mask: (rows, tokens) int32, 1 where attention may look. A row that only fills the shape holds one pad token with
            mask 1, because attention over no token at all is undefined.
        counted: (rows, tokens) int32, 1 where the vector is scored; all 0 in a row that only fills the shape.
        sequences: Which sequence each leading row holds; fewer than `rows` where the shape had to be filled up.
    """

    input_ids: np.ndarray
    mask: np.ndarray
    counted: np.ndarray
    sequences: tuple[int, ...]


def rounded_length(length: int, limit: int, step: int = LENGTH_STEP) -> int:
    """Padded length of a sequence: the next multiple of `step`, at most `limit`."""
    return min(limit, -(-max(1, length) // step) * step)


def plan_tiles(lengths: Sequence[int], limit: int, tile_tokens: int) -> list[tuple[tuple[int, ...], int, int]]:
    """Lay sequences out in tiles of about `tile_tokens` tokens, longest first.

    Every tile has the rounded length of its longest sequence and as many rows as fit, so that a tile's shape follows
    from its length alone; only the last one is cut down to the next power of two of rows.

    Args:
        lengths: Tokens per sequence.
        limit: Longest padded length.
        tile_tokens: Tokens of a tile, padding included; at least `limit`.

    Returns:
        Per tile: which sequences, how many rows, padded length.
    """
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    tiles = []
    start = 0
    while start < len(order):
        length = rounded_length(lengths[order[start]], limit)
        rows = max(1, tile_tokens // length)
        held = tuple(order[start : start + rows])
        tiles.append((held, min(rows, next_power_of_two(len(held))), length))
        start += rows
    return tiles


def build_tile(sequences: Sequence[TokenSequence], held: Sequence[int], rows: int, length: int, pad_id: int) -> Tile:
    """Pad the held sequences into one tile of (rows, length); longer ones are cut off."""
    input_ids = np.full((rows, length), pad_id, dtype=np.int32)
    mask = np.zeros((rows, length), dtype=np.int32)
    counted = np.zeros((rows, length), dtype=np.int32)
    mask[len(held) :, 0] = 1
    for row, position in enumerate(held):
        tokens = min(length, len(sequences[position]))
        input_ids[row, :tokens] = sequences[position].ids[:tokens]
        mask[row, :tokens] = 1
        counted[row, :tokens] = sequences[position].counted[:tokens]
    return Tile(input_ids=input_ids, mask=mask, counted=counted, sequences=tuple(held))


def next_power_of_two(count: int) -> int:
    """Smallest power of two that is not below `count`."""
    return 1 << max(0, count - 1).bit_length()
