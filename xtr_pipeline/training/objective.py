"""The objective of a recipe: which losses over which scores, with which weights."""

from __future__ import annotations

from collections.abc import Sequence

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.training.losses import contrastive_loss, listwise_loss, maxsim_scores
from xtr_pipeline.training.recipe import Recipe


def score_matrix(
    queries: Sequence[tuple[mx.array, mx.array]], documents: Sequence[tuple[mx.array, mx.array]]
) -> mx.array:
    """MaxSim of every query against every document of all tiles.

    Args:
        queries: Per tile the unit vectors (queries, q_tokens, dim) and which of them count (queries, q_tokens).
        documents: Per tile the unit vectors (documents, d_tokens, dim) and which of them count (documents, d_tokens).

    Returns:
        (queries of all tiles, documents of all tiles).
    """
    rows = [
        mx.concatenate([maxsim_scores(*query_tile, *document_tile) for document_tile in documents], axis=1)
        for query_tile in queries
    ]
    return mx.concatenate(rows, axis=0)


def objective(scores: mx.array, grades: mx.array, recipe: Recipe) -> tuple[mx.array, dict[str, mx.array]]:
    """Weighted sum of the recipe's losses.

    Args:
        scores: (queries, documents).
        grades: (queries, documents), see `losses`.
        recipe: Weights, temperatures and what counts as positive and negative.

    Returns:
        The scalar loss, and each term before weighting by its name; a term of weight 0 is not computed.
    """
    terms: dict[str, mx.array] = {}
    loss = mx.array(0.0)
    if recipe.contrastive_weight:
        terms["contrastive"] = contrastive_loss(
            scores, grades, recipe.temperature, recipe.positive_grade, recipe.negative_grade
        )
        loss = loss + recipe.contrastive_weight * terms["contrastive"]
    if recipe.listwise_weight:
        terms["listwise"] = listwise_loss(scores, grades, recipe.listwise_temperature, recipe.grade_spread)
        loss = loss + recipe.listwise_weight * terms["listwise"]
    return loss, terms
