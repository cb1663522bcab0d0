"""From token ids to token vectors: batches on every core, results streamed into one preallocated array."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.batching import BatchPlan, plan_batches
from xtr_pipeline.encoder.blas import single_threaded
from xtr_pipeline.encoder.compute import BLAS, mx, worker_streams
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.encoder.token_vectors import TokenVectors
from xtr_pipeline.encoder.tokenising import TokenIds

# Batches that wait behind the running one of each stream: enough that no core idles, few enough that memory stays
# bounded.
QUEUED_PER_STREAM = 2


@dataclass(frozen=True)
class Storage:
    """Where and how vectors are stored.

    Attributes:
        dtype: numpy type of the stored vectors.
        into: A .npy file to write through a memory map, or None for an array in memory.
    """

    dtype: Any
    into: Path | None = None

    def allocate(self, shape: tuple[int, int]) -> NDArray[Any]:
        """An array to be filled, (total_tokens, dim)."""
        if self.into is None:
            return np.empty(shape, dtype=self.dtype)
        self.into.parent.mkdir(parents=True, exist_ok=True)
        return np.lib.format.open_memmap(self.into, mode="w+", dtype=self.dtype, shape=shape)


OnTokens = Callable[[int, int], None]
"""Hears of tokens done and tokens in total, after every batch."""


def encode_tokens(
    model: MultiVectorEncoder,
    tokens: TokenIds,
    dropped_ids: frozenset[int],
    storage: Storage,
    on_progress: OnTokens | None = None,
) -> TokenVectors:
    """Encode texts and keep the vectors of the tokens that count.

    Args:
        model: The encoder.
        tokens: Ids of the texts.
        dropped_ids: Ids that take part in attention but give no vector.
        storage: Type and place of the result.
        on_progress: Hears how far it is.
    """
    kept = ~np.isin(tokens.ids, sorted(dropped_ids)) if dropped_ids else np.ones(len(tokens.ids), dtype=bool)
    offsets = np.concatenate([[0], np.cumsum(kept)])[tokens.offsets].astype(np.int64)
    vectors = storage.allocate((int(offsets[-1]), model.dim))
    done, total = 0, len(tokens.ids)
    with single_threaded(BLAS):
        for plan, outputs in _batches_in_flight(model, tokens):
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


def _batches_in_flight(model: MultiVectorEncoder, tokens: TokenIds) -> Iterator[tuple[BatchPlan, NDArray[np.float32]]]:
    """Batches in the order of their plan, one on each stream at a time, with the next round already queued.

    A round is evaluated in one call: MLX queues a dozen operations ahead, so that a call for one batch returns when
    that batch is nearly done, and the next stream would start only then (1.6 times slower on two cores).
    """
    streams = worker_streams()
    running: deque[tuple[BatchPlan, mx.array]] = deque()
    plans = plan_batches(tokens.lengths)
    for start in range(0, len(plans), len(streams)):
        round_of = plans[start : start + len(streams)]
        started = []
        for stream, plan in zip(streams, round_of, strict=False):
            input_ids, mask = pad_batch(tokens, plan)
            with mx.stream(stream):
                started.append(model(mx.array(input_ids), mx.array(mask)))
        mx.async_eval(*started)  # type: ignore[no-untyped-call]
        running.extend(zip(round_of, started, strict=True))
        while len(running) > QUEUED_PER_STREAM * len(streams):
            yield _finished(*running.popleft())
    while running:
        yield _finished(*running.popleft())


def _finished(plan: BatchPlan, outputs: mx.array) -> tuple[BatchPlan, NDArray[np.float32]]:
    return plan, np.array(outputs, copy=False)
