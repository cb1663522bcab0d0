"""Where a text's token vectors can be copied from: an older index or a slab of an unfinished build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.retrieval.token_index import TokenIndex


@dataclass(frozen=True, eq=False)
class RowSource:
    """Encoded texts, named by their hashes.

    Attributes:
        text_hashes: One a text.
        offsets: `(texts + 1,)`; text `i` owns rows `offsets[i]:offsets[i + 1]`.
        read_vectors: Gives the `(tokens, dim)` float16 rows; called once for each build that needs them.
    """

    text_hashes: tuple[str, ...]
    offsets: NDArray[np.int64]
    read_vectors: Callable[[], NDArray[np.float16]]


def index_as_source(index: TokenIndex) -> RowSource:
    """Offers the rows of a whole index."""
    return RowSource(index.text_hashes, index.offsets, lambda: index.vectors)


def locate(sources: Iterable[RowSource]) -> Mapping[str, tuple[int, int]]:
    """Maps every text hash to its source's number and its position there; the first source wins."""
    where: dict[str, tuple[int, int]] = {}
    for number, source in enumerate(sources):
        for position, text_hash in enumerate(source.text_hashes):
            where.setdefault(text_hash, (number, position))
    return where
