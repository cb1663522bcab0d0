"""What is timed: training batches and documents as they occur in the corpus, as plain arrays that both sides read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.bench.arithmetic import encode_flops, train_flops
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.tokenising import TokenIds
from xtr_pipeline.training.batches import Batch, build_batch
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.step_plan import plan_steps
from xtr_pipeline.training.token_data import tokenise_as, tokenise_examples
from xtr_pipeline.training.topics import topics_for


@dataclass(frozen=True)
class Workload:
    """Work for both sides.

    Attributes:
        recipe: Losses, lengths and the token budget of a batch.
        batches: Training batches, padded in tiles as our trainer does.
        documents: Ids of documents to encode, cut to the encoder's document length.
        train_flops, encode_flops: Operations in the matrix products of all batches and of all documents.
        description: How long the sequences are, for the report.
    """

    recipe: Recipe
    batches: tuple[Batch, ...]
    documents: TokenIds
    train_flops: float
    encode_flops: float
    description: dict[str, float]

    @property
    def train_tokens(self) -> int:
        """Real tokens of all batches."""
        return sum(batch.tokens for batch in self.batches)

    @property
    def encode_tokens(self) -> int:
        """Real tokens of all documents."""
        return len(self.documents.ids)


def make_workload(  # noqa: PLR0913 - the parts of a workload
    encoder: Encoder,
    examples: pl.DataFrame,
    units: pl.DataFrame,
    recipe: Recipe,
    *,
    steps: int,
    documents: int,
    seed: int,
) -> Workload:
    """Batches of the first `steps` training steps, and `documents` units drawn by `seed`.

    Args:
        encoder: Tokenises.
        examples: As for training (`training.examples.EXAMPLES_SCHEMA`).
        units: Code units to draw documents from.
        recipe: Of the training steps.
        steps: How many batches; there must be as many.
        documents: How many units.
        seed: Draws the documents.

    Raises:
        ValueError: There are too few examples or units.
    """
    data = tokenise_examples(
        examples,
        tokenise_as(encoder, recipe.query_length, documents=False),
        tokenise_as(encoder, recipe.document_length, documents=True),
        recipe.negative_grade,
    )
    plan = plan_steps(data, recipe, topics_for(recipe, encoder, examples["query"].to_list()))
    if len(plan) < steps or units.height < documents:
        raise ValueError(
            f"{steps} batches and {documents} documents are wanted, {len(plan)} and {units.height} are there"
        )
    batches = tuple(build_batch(data, step.batch, recipe, encoder.config.pad_token_id) for step in plan[:steps])
    drawn = units.sort("unit_id").sample(documents, seed=seed)
    ids = encoder.tokenise(render_units(drawn), encoder.settings.document_length)
    trained = [length for batch in batches for length in _lengths(batch)]
    head_dim = None if encoder.model.head is None else encoder.settings.dim
    return Workload(
        recipe,
        batches,
        ids,
        train_flops(encoder.config, head_dim, trained),
        encode_flops(encoder.config, head_dim, ids.lengths),
        _description(batches, ids.lengths),
    )


def _lengths(batch: Batch) -> list[int]:
    """Real tokens of every sequence of a batch."""
    return [
        int(length)
        for tile in (*batch.queries, *batch.documents)
        for length in tile.mask[: len(tile.sequences)].sum(axis=1)
    ]


def _description(batches: Sequence[Batch], lengths: NDArray[np.int64]) -> dict[str, float]:
    padded = [sum(tile.input_ids.size for tile in (*batch.queries, *batch.documents)) for batch in batches]
    return {
        "train_steps": len(batches),
        "train_tokens_a_step": float(np.mean([batch.tokens for batch in batches])),
        "train_padding": 1 - sum(batch.tokens for batch in batches) / sum(padded),
        "documents": len(lengths),
        "document_tokens_mean": float(lengths.mean()),
        "document_tokens_median": float(np.median(lengths)),
        "document_tokens_longest": int(lengths.max()),
    }
