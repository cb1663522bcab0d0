"""Encoding many texts slab by slab, each slab stored before the next begins."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xtr_pipeline.retrieval.encode_journal import EncodeJournal
from xtr_pipeline.retrieval.progress import ProgressTracker
from xtr_pipeline.retrieval.text_encoder import DocumentVectors, TextEncoder

# Texts between two checkpoints of a build: half a minute on 2 cores, and enough to sort into even batches.
SLAB_TEXTS = 512


class EncodingError(RuntimeError):
    """An encoder gave vectors that cannot be indexed."""


def encode_into(
    journal: EncodeJournal,
    texts: Mapping[str, str],
    encoder: TextEncoder,
    tracker: ProgressTracker,
    slab_texts: int = SLAB_TEXTS,
) -> None:
    """Encodes texts (by hash) into the journal; killed at any moment, at most one slab is lost.

    Raises:
        EncodingError: The encoder's output does not fit its input or is not finite.
    """
    hashes = list(texts)
    for begin in range(0, len(hashes), slab_texts):
        slab = hashes[begin : begin + slab_texts]
        length = sum(len(texts[text_hash]) for text_hash in slab)

        def report(done: int, total: int, units: int = len(slab), length: int = length) -> None:
            tracker.within(units, length, done, done / total if total else 1.0)

        encoded = encoder.encode_documents([texts[text_hash] for text_hash in slab], report)
        _check_encoded(encoded, len(slab))
        journal.write(slab, encoded.vectors, encoded.offsets)
        tracker.finished(len(slab), length, len(encoded.vectors))


def _check_encoded(encoded: DocumentVectors, texts: int) -> None:
    """Raises EncodingError where vectors cannot belong to the texts or are not numbers."""
    problems = []
    if encoded.vectors.dtype != np.float16:
        problems.append(f"vectors are {encoded.vectors.dtype} instead of float16")
    if len(encoded.offsets) != texts + 1 or encoded.offsets[-1] != len(encoded.vectors):
        problems.append(f"{len(encoded.offsets)} offsets, {len(encoded.vectors)} vectors for {texts} texts")
    elif (np.diff(encoded.offsets) < 1).any():
        problems.append("a text got no tokens")
    if not np.isfinite(encoded.vectors).all():
        problems.append("vectors hold NaN or infinity: the weights are damaged or training has diverged")
    if problems:
        msg = f"the encoder's output cannot be indexed: {'; '.join(problems)}"
        raise EncodingError(msg)
