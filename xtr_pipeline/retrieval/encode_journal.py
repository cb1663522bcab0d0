"""Vectors of an unfinished encode, kept slab by slab so that a killed build goes on where it stopped."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.row_source import RowSource

logger = logging.getLogger(__name__)


class EncodeJournal:
    """A folder of finished slabs; each file is whole or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text_hashes: Sequence[str], vectors: NDArray[np.float16], offsets: NDArray[np.int64]) -> None:
        """Adds one slab: its texts' hashes, `(tokens, dim)` vectors and `(texts + 1,)` offsets."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = uuid4().hex
        draft = self.folder / f"{name}.draft"
        with draft.open("wb") as file:
            np.savez(file, text_hashes=np.array(text_hashes), vectors=vectors, offsets=offsets)
        draft.replace(self.folder / f"{name}.npz")

    def slabs(self) -> list[RowSource]:
        """Gives every finished slab; vectors are read when asked for, one slab at a time.

        A slab that the disk has damaged is left out with a warning: its texts are encoded again.
        """
        return [slab for file in sorted(self.folder.glob("*.npz")) if (slab := _open_slab(file)) is not None]


def _open_slab(file: Path) -> RowSource | None:
    """Reads a slab's hashes and offsets; None where the file is damaged."""
    try:
        with np.load(file, allow_pickle=False) as parts:
            hashes, offsets = tuple(parts["text_hashes"].tolist()), parts["offsets"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("%s is damaged (%s): its texts are encoded again", file, error)
        return None
    return RowSource(hashes, offsets, lambda: _slab_vectors(file))


def _slab_vectors(file: Path) -> NDArray[np.float16]:
    """Reads a slab's `(tokens, dim)` vectors."""
    with np.load(file, allow_pickle=False) as parts:
        vectors: NDArray[np.float16] = parts["vectors"]
    return vectors
