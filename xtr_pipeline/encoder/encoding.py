"""From token ids to token vectors: batches through the model, results streamed into one preallocated array."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.batching import BatchPlan, plan_batches
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.encoder.token_vectors import TokenVectors
from xtr_pipeline.encoder.tokenising import TokenIds


def encode_tokens(
    model: MultiVectorEncoder,
    tokens: TokenIds,
    *,
    dropped_ids: frozenset[int],
    dim: int,
    dtype: Any,
    on_progress: Callable[[int, int], None] | None = None,
    into: Path | None = None,
) -> TokenVectors:
    """Encode texts and keep the vectors of the tokens that count.

    Args:
        model: The encoder.
        tokens: Ids of the texts.
        dropped_ids: Ids that take part in attention but give no vector.
        dim: Width of a vector.
        dtype: Type of the stored vectors.
        on_progress: Called with (tokens done, tokens in total) after every batch.
        into: A .npy file to write through a memory map, or None for an array in memory.
    """
    kept = ~np.isin(tokens.ids, sorted(dropped_ids)) if dropped_ids else np.ones(len(tokens.ids), dtype=bool)
    offsets = np.concatenate([[0], np.cumsum(kept)])[tokens.offsets].astype(np.int64)
    vectors = _allocate((int(offsets[-1]), dim), dtype, into)
    done, total = 0, len(tokens.ids)
    for plan in plan_batches(tokens.lengths):
        input_ids, mask = pad_batch(tokens, plan)
        outputs = np.array(model(mx.array(input_ids), mx.array(mask)), copy=False)
        for row, index in enumerate(plan.indices):
            start, end = tokens.offsets[index], tokens.offsets[index + 1]
            vectors[offsets[index] : offsets[index + 1]] = outputs[row, : end - start][kept[start:end]]
            done += int(end - start)
        if on_progress is not None:
            on_progress(done, total)
    return TokenVectors(vectors=vectors, offsets=offsets)


def pad_batch(tokens: TokenIds, plan: BatchPlan) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Ids and mask of a batch, both (batch, width); padding is 0 in both."""
    input_ids = np.zeros((len(plan.indices), plan.width), dtype=np.int32)
    mask = np.zeros_like(input_ids)
    for row, index in enumerate(plan.indices):
        ids = tokens[index]
        input_ids[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    return input_ids, mask


def _allocate(shape: tuple[int, int], dtype: Any, into: Path | None) -> NDArray[Any]:
    if into is None:
        return np.empty(shape, dtype=dtype)
    into.parent.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(into, mode="w+", dtype=dtype, shape=shape)
