"""Padding token sequences into tiles: a few shapes, little padding, bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xtr_pipeline.training.token_data import TokenSequence


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


def rounded_up(count: int, limit: int, step: int) -> int:
    """The next multiple of `step` that is not below `count` (nor 0), at most `limit`."""
    return min(limit, -(-max(1, count) // step) * step)


@dataclass(frozen=True)
class TileShape:
    """How sequences are padded.

    Attributes:
        limit: Longest padded length; longer sequences are cut off.
        step: Padded lengths are multiples of it (or the limit), so that few shapes occur.
        tokens: Tokens of a tile, padding included; at least `limit`.
    """

    limit: int
    step: int
    tokens: int


@dataclass(frozen=True)
class PlannedTile:
    """One tile before it is filled: which sequences it holds, and its shape."""

    held: tuple[int, ...]
    rows: int
    length: int

    @property
    def size(self) -> int:
        """Tokens, padding included."""
        return self.rows * self.length


def plan_tiles(lengths: Sequence[int], shape: TileShape) -> list[PlannedTile]:
    """Lay sequences out in tiles of about `shape.tokens` tokens, longest first.

    Every tile has the rounded length of its longest sequence and as many rows as fit, so that a tile's shape follows
    from its length alone; only the last one is cut down to whole quarters of its rows.
    """
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    tiles = []
    start = 0
    while start < len(order):
        length = rounded_up(lengths[order[start]], shape.limit, shape.step)
        rows = max(1, shape.tokens // length)
        held = tuple(order[start : start + rows])
        tiles.append(PlannedTile(held, rounded_up(len(held), rows, -(-rows // 4)), length))
        start += rows
    return tiles


def build_tile(sequences: Sequence[TokenSequence], plan: PlannedTile, pad_id: int) -> Tile:
    """Pad the held sequences into one tile of (rows, length); longer ones are cut off."""
    held, rows, length = plan.held, plan.rows, plan.length
    input_ids = np.full((rows, length), pad_id, dtype=np.int32)
    mask = np.zeros((rows, length), dtype=np.int32)
    counted = np.zeros((rows, length), dtype=np.int32)
    mask[len(held) :, 0] = 1
    for row, position in enumerate(held):
        tokens = min(length, len(sequences[position]))
        input_ids[row, :tokens] = sequences[position].ids[:tokens]
        mask[row, :tokens] = 1
        counted[row, :tokens] = sequences[position].counted[:tokens]
    return Tile(input_ids=input_ids, mask=mask, counted=counted, sequences=held)
