"""Batches by token budget: a query's candidates are encoded once and serve every other query as negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xtr_pipeline.training.examples import UNJUDGED
from xtr_pipeline.training.losses import IGNORED
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.sampling import draw_candidates
from xtr_pipeline.training.tiles import Tile, TileShape, build_tile, plan_tiles
from xtr_pipeline.training.token_data import TokenData, TokenSequence
from xtr_pipeline.training.topics import Topics, nearest_first

QUERY_STEP = 8
DOCUMENT_STEP = 16  # twelve lengths for documents of up to 192 tokens; steps of 32 would pad 5% more


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
        queries: Tiles of queries; the rows of `grades` follow their rows.
        documents: Tiles of documents; the columns of `grades` follow their rows.
        grades: (query rows, document rows) int32: 1-5, `UNJUDGED` for in-batch negatives, `IGNORED` for padding and for
            what must not be a negative.
        tokens: Real tokens, padding not counted.
    """

    query_ids: tuple[str, ...]
    queries: tuple[Tile, ...]
    documents: tuple[Tile, ...]
    grades: np.ndarray
    tokens: int


def plan_epoch(data: TokenData, recipe: Recipe, epoch: int, topics: Topics | None = None) -> list[PlannedBatch]:
    """Deal all queries of one epoch into batches.

    The plan depends on the recipe's seed, the epoch and the topics alone.

    Args:
        data: Tokenised examples.
        recipe: Seed, token budget, candidates per query, which queries share a batch.
        epoch: 0-based pass over the queries.
        topics: What each query is about (`topics.topics_for`), for batches by topic.

    Returns:
        Batches in order; each query is in exactly one.

    Raises:
        ValueError: Topics are missing for batches by topic, or given for others.
    """
    if (recipe.batching == "topic") != (topics is not None):
        raise ValueError(f"recipe {recipe.name!r} has {recipe.batching} batches: topics belong to batches by topic")
    random = np.random.default_rng([recipe.seed, epoch])
    order = random.permutation(len(data.queries)).tolist()
    if recipe.batching == "mixed":
        return _dealt(data, recipe, order, random, None)
    dealt = [
        batch
        for repo in sorted(set(data.repos))
        for batch in _dealt(data, recipe, [query for query in order if data.repos[query] == repo], random, topics)
    ]
    return [dealt[position] for position in random.permutation(len(dealt)).tolist()]


def _dealt(
    data: TokenData, recipe: Recipe, waiting: list[int], random: np.random.Generator, topics: Topics | None
) -> list[PlannedBatch]:
    """Fill batches with queries in the given order, or each with the first that waits and those most like it."""
    batches: list[PlannedBatch] = []
    while waiting:
        batch = _filled(data, recipe, waiting if topics is None else nearest_first(topics, waiting), random)
        batches.append(batch)
        taken = frozenset(batch.queries)
        waiting = [query for query in waiting if query not in taken]
    return batches


def _filled(data: TokenData, recipe: Recipe, order: Sequence[int], random: np.random.Generator) -> PlannedBatch:
    """The first queries of an order, as many as fit; at least one."""
    queries: list[int] = []
    documents: dict[int, None] = {}
    for query in order:
        drawn = draw_candidates(data.candidates[query], recipe, random)
        grown = documents | dict.fromkeys(candidate.document for candidate in drawn)
        if queries and not _fits(data, recipe, [*queries, query], list(grown)):
            break
        queries.append(query)
        documents = grown
    return PlannedBatch(tuple(queries), tuple(documents))


def build_batch(data: TokenData, plan: PlannedBatch, recipe: Recipe, pad_id: int) -> Batch:
    """Pad a planned batch and write down who is whose positive, negative or neither.

    A document that came with another query is an in-batch negative, unless this query grades it itself (drawn or not),
    a query with the same words has it as its answer, or it is of a file that may answer (`TokenData.answer_files`):
    files are what is searched for.
    """
    queries = [data.queries[query] for query in plan.queries]
    documents = [data.documents[document] for document in plan.documents]
    query_tiles = _fill(queries, _query_shape(recipe), pad_id)
    document_tiles = _fill(documents, _document_shape(recipe), pad_id)
    return Batch(
        query_ids=tuple(data.query_ids[query] for query in plan.queries),
        queries=query_tiles,
        documents=document_tiles,
        grades=_grade_matrix(data, _rows_of(plan.queries, query_tiles), _rows_of(plan.documents, document_tiles)),
        tokens=sum(len(sequence) for sequence in (*queries, *documents)),
    )


def _query_shape(recipe: Recipe) -> TileShape:
    return TileShape(limit=recipe.query_length, step=QUERY_STEP, tokens=recipe.tile_tokens)


def _document_shape(recipe: Recipe) -> TileShape:
    return TileShape(limit=recipe.document_length, step=DOCUMENT_STEP, tokens=recipe.tile_tokens)


def _fits(data: TokenData, recipe: Recipe, queries: Sequence[int], documents: Sequence[int]) -> bool:
    tiles = plan_tiles([len(data.queries[query]) for query in queries], _query_shape(recipe))
    tiles += plan_tiles([len(data.documents[document]) for document in documents], _document_shape(recipe))
    return sum(tile.size for tile in tiles) <= recipe.batch_tokens


def _fill(sequences: Sequence[TokenSequence], shape: TileShape, pad_id: int) -> tuple[Tile, ...]:
    plans = plan_tiles([len(sequence) for sequence in sequences], shape)
    return tuple(build_tile(sequences, plan, pad_id) for plan in plans)


def _rows_of(names: Sequence[int], tiles: Sequence[Tile]) -> list[int | None]:
    """What each row of the tiles holds; None where it only fills the shape."""
    rows: list[int | None] = []
    for tile in tiles:
        rows += [names[sequence] for sequence in tile.sequences]
        rows += [None] * (len(tile.input_ids) - len(tile.sequences))
    return rows


def _grade_matrix(data: TokenData, queries: Sequence[int | None], documents: Sequence[int | None]) -> np.ndarray:
    grades = np.full((len(queries), len(documents)), IGNORED, dtype=np.int32)
    for row, query in enumerate(queries):
        if query is None:
            continue
        known, answers = data.known_grades[query], data.answer_files[query]
        for column, document in enumerate(documents):
            if document is not None:
                otherwise = UNJUDGED if answers.isdisjoint(data.files[document]) else IGNORED
                grades[row, column] = known.get(document, otherwise)
    return grades
