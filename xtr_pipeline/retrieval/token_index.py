"""The token index: the token vectors of documents (units, and outlines of files) under one model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TokenIndex:
    """Token vectors of documents, units and outlines of files, in the order of their ids.

    Attributes:
        unit_ids: Sorted, unique.
        text_hashes: sha256 hex of the text that was encoded, one a document.
        vectors: `(total_tokens, dim)` float16 unit vectors, memory-mapped when the index was loaded.
        offsets: `(documents + 1,)` int64; document `i` owns rows `offsets[i]:offsets[i + 1]`, at least one.
        model: Fingerprint of the encoder.
    """

    unit_ids: tuple[str, ...]
    text_hashes: tuple[str, ...]
    vectors: NDArray[np.float16]
    offsets: NDArray[np.int64]
    model: str

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            msg = f"not a token index: {'; '.join(problems)}"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.unit_ids)

    @property
    def tokens(self) -> int:
        """Number of token vectors."""
        return len(self.vectors)

    @property
    def dim(self) -> int:
        """Width of a token vector."""
        return int(self.vectors.shape[1])

    @property
    def content_key(self) -> str:
        """What this index is made of, as a digest: see `content_key`."""
        return content_key(self.model, self.unit_ids, self.text_hashes)


def hash_text(text: str) -> str:
    """Names a rendered text by its content: sha256 hex of its UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_key(model: str, unit_ids: Iterable[str], text_hashes: Iterable[str]) -> str:
    """Names an index by what makes it: sha256 hex over the model and every unit's id and text hash."""
    digest = hashlib.sha256(model.encode())
    for unit_id, text_hash in zip(unit_ids, text_hashes, strict=True):
        digest.update(f"\n{unit_id}\t{text_hash}".encode())
    return digest.hexdigest()


def _problems(index: TokenIndex) -> list[str]:
    """Everything that makes the parts of an index not fit each other."""
    problems = []
    units = len(index.unit_ids)
    if len(index.text_hashes) != units or len(index.offsets) != units + 1:
        problems.append(f"{units} units, {len(index.text_hashes)} text hashes, {len(index.offsets)} offsets")
    if any(one >= other for one, other in zip(index.unit_ids, index.unit_ids[1:], strict=False)):
        problems.append("unit ids are not sorted and unique")
    if index.vectors.ndim != 2 or index.vectors.dtype != np.float16:
        problems.append(f"vectors are {index.vectors.dtype} {index.vectors.shape} instead of float16 (tokens, dim)")
    if len(index.offsets) == 0 or index.offsets[0] != 0 or index.offsets[-1] != len(index.vectors):
        problems.append(f"offsets do not run from 0 to the {len(index.vectors)} tokens")
    elif (np.diff(index.offsets) < 1).any():
        problems.append("a unit has no tokens")
    return problems
