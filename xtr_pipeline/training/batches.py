"""Batches by token budget: a query's candidates are encoded once and serve every other query as negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xtr_pipeline.training.losses import IGNORED, UNJUDGED
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.sampling import draw_candidates
from xtr_pipeline.training.tiles import Tile, build_tile, next_power_of_two, plan_tiles, rounded_length
from xtr_pipeline.training.token_data import TokenData

QUERY_LENGTH_STEP = 8


@dataclass(frozen=True)
class PlannedBatch:
    """Which queries and which documents a batch holds, before anything is padded."""

    queries: tuple[int, ...]
    documents: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """One step's input.

    Attributes:
        query_ids: The queries, for messages.
        queries: All of them in one tile.
        documents: Tiles of documents; the columns of `grades` follow their rows.
        grades: (query rows, document rows) int32: 1-5, `UNJUDGED` for in-batch negatives, `IGNORED` for padding and for
            what must not be a negative.
        tokens: Real tokens, padding not counted.
    """

    query_ids: tuple[str, ...]
    queries: Tile
    documents: tuple[Tile, ...]
    grades: np.ndarray
    tokens: int


def plan_epoch(data: TokenData, recipe: Recipe, epoch: int) -> list[PlannedBatch]:
    """Deal all queries of one epoch into batches.

    The plan depends on the recipe's seed and the epoch alone, so that a resumed run sees the same batches.

    Args:
        data: Tokenised examples.
        recipe: Seed, token budget, candidates per query.
        epoch: 0-based pass over the queries.

    Returns:
        Batches in order; each query is in exactly one.
    """
    random = np.random.default_rng([recipe.seed, epoch])
    batches: list[PlannedBatch] = []
    queries: list[int] = []
    documents: dict[int, None] = {}
    for query in random.permutation(len(data.queries)).tolist():
        drawn = draw_candidates(data.candidates[query], recipe, random)
        grown = documents | dict.fromkeys(candidate.document for candidate in drawn)
        if queries and not _fits(data, recipe, len(queries) + 1, list(grown)):
            batches.append(PlannedBatch(tuple(queries), tuple(documents)))
            queries, grown = [], dict.fromkeys(candidate.document for candidate in drawn)
        queries.append(query)
        documents = grown
    batches.append(PlannedBatch(tuple(queries), tuple(documents)))
    return batches


def build_batch(data: TokenData, plan: PlannedBatch, recipe: Recipe, pad_id: int) -> Batch:
    """Pad a planned batch and write down who is whose positive, negative or neither.

    A document that came with another query is an in-batch negative, unless this query grades it itself (drawn or not)
    or a query with the same words has it as its answer.
    """
    query_tile = _query_tile(data, plan.queries, recipe, pad_id)
    lengths = [len(data.documents[document]) for document in plan.documents]
    sequences = [data.documents[document] for document in plan.documents]
    tiles = tuple(
        build_tile(sequences, held, rows, length, pad_id)
        for held, rows, length in plan_tiles(lengths, recipe.document_length, recipe.tile_tokens)
    )
    return Batch(
        query_ids=tuple(data.query_ids[query] for query in plan.queries),
        queries=query_tile,
        documents=tiles,
        grades=_grade_matrix(data, plan, query_tile, tiles),
        tokens=sum(lengths) + sum(len(data.queries[query]) for query in plan.queries),
    )


def _fits(data: TokenData, recipe: Recipe, queries: int, documents: Sequence[int]) -> bool:
    lengths = [len(data.documents[document]) for document in documents]
    tiles = plan_tiles(lengths, recipe.document_length, recipe.tile_tokens)
    padded = sum(rows * length for _, rows, length in tiles)
    # the queries are one tile, and no tile may be larger than the memory bound
    return padded <= recipe.batch_tokens and queries * recipe.query_length <= recipe.tile_tokens


def _query_tile(data: TokenData, queries: Sequence[int], recipe: Recipe, pad_id: int) -> Tile:
    sequences = [data.queries[query] for query in queries]
    longest = max(len(tokens) for tokens in sequences)
    length = rounded_length(longest, recipe.query_length, QUERY_LENGTH_STEP)
    rows = min(next_power_of_two(len(sequences)), -(-len(sequences) // 4) * 4)
    return build_tile(sequences, range(len(sequences)), rows, length, pad_id)


def _grade_matrix(data: TokenData, plan: PlannedBatch, queries: Tile, tiles: Sequence[Tile]) -> np.ndarray:
    columns: list[int | None] = []
    for tile in tiles:
        columns += [plan.documents[sequence] for sequence in tile.sequences]
        columns += [None] * (len(tile.input_ids) - len(tile.sequences))
    grades = np.full((len(queries.input_ids), len(columns)), IGNORED, dtype=np.int32)
    for row, query in enumerate(plan.queries):
        known = data.known_grades[query]
        for column, document in enumerate(columns):
            if document is not None:
                grades[row, column] = known.get(document, UNJUDGED)
    return grades
