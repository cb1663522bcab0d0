"""How long one query takes over an index that is there: encoding it, scoring units, ranking their files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.retrieval.bm25 import Bm25
from xtr_pipeline.retrieval.file_scores import ScoreWeights, size_handicaps
from xtr_pipeline.retrieval.late_interaction import LateInteraction
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.ranking import Ranker

WARM_UP = 3
UNITS_A_FILE = 10


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one query over `units` units (`tokens` token vectors of `dim`, float16, memory-mapped)."""

    units: int
    tokens: int
    p50_ms: float
    p95_ms: float
    encode_p50_ms: float
    score_p50_ms: float


def search_latency(  # noqa: PLR0913, PLR0917 - the parts of a measurement
    encoder: Encoder,
    queries: Sequence[str],
    texts: Sequence[str],
    lengths: NDArray[np.int64],
    units: int,
    folder: Path,
    seed: int = 13,
) -> Latency:
    """Time every query by itself, warm, over made-up token vectors in units of real lengths.

    The vectors are random directions: scoring does the same work whatever they say. Files have ten units each, and
    outlines are as long as units.

    Args:
        encoder: Encodes the queries.
        queries: What is asked.
        texts: Rendered units, that those which BM25 searches are drawn from.
        lengths: Token counts that the units' are drawn from.
        units: How many.
        folder: For the vectors, 2 * dim bytes a token.
        seed: Draws lengths and vectors.
    """
    random = np.random.default_rng(seed)
    weights, files = ScoreWeights(), np.arange(units) // UNITS_A_FILE
    outlined = Outlined(np.arange(units), units + files, weights.outline)
    counts = random.choice(lengths, size=int(outlined.outlines[-1]) + 1)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    vectors = _random_vectors(folder / f"{units}.npy", int(offsets[-1]), encoder.settings.dim, random)
    model = LateInteraction(vectors, offsets, outlined, weights.salience)
    paths = tuple(f"{file}.py" for file in files.tolist())
    ranker = Ranker(tuple(f"{number:07d}" for number in range(units)), paths)
    handicaps = size_handicaps(pl.Series(paths), weights.size)
    everything = np.ones(units, dtype=np.bool_)
    keyword = Bm25([texts[drawn] for drawn in random.integers(0, len(texts), units)])
    encoding, scoring = [], []
    for number, query in enumerate([*queries[:WARM_UP], *queries]):
        start = time.perf_counter()
        encoded = encoder.encode_queries([query])
        between = time.perf_counter()
        (scored,) = model.scored(encoded, map(keyword.scores, [query]))
        ranker.files(scored.units - handicaps, everything, 10, weights.second)
        if number >= WARM_UP:
            encoding.append(between - start)
            scoring.append(time.perf_counter() - between)
    total = 1_000 * (np.array(encoding) + np.array(scoring))
    return Latency(
        units,
        int(offsets[-1]),
        float(np.quantile(total, 0.5)),
        float(np.quantile(total, 0.95)),
        1_000 * float(np.median(encoding)),
        1_000 * float(np.median(scoring)),
    )


def _random_vectors(path: Path, tokens: int, dim: int, random: np.random.Generator) -> NDArray[np.float16]:
    """Unit vectors in a memory map, made block by block."""
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(tokens, dim))
    for start in range(0, tokens, 1 << 16):
        block = random.standard_normal((min(1 << 16, tokens - start), dim), dtype=np.float32)
        vectors[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    vectors.flush()
    read_only: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return read_only
