"""The objective of a recipe: which losses over which scores, with which weights."""

from __future__ import annotations

from collections.abc import Sequence

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.training.graded_losses import margin_loss, mse_loss, ordinal_loss
from xtr_pipeline.training.losses import contrastive_loss, listwise_loss, maxsim_scores
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.token_retrieval import retrieved_scores


def score_matrix(
    queries: Sequence[tuple[mx.array, mx.array]], documents: Sequence[tuple[mx.array, mx.array]], recipe: Recipe
) -> mx.array:
    """The recipe's score of every query against every document of all tiles.

    Args:
        queries: Per tile the unit vectors (queries, q_tokens, dim) and which of them count (queries, q_tokens).
        documents: Per tile the unit vectors (documents, d_tokens, dim) and which of them count (documents, d_tokens).
        recipe: Whether scores are MaxSim or XTR's, and XTR's k_train.

    Returns:
        (queries of all tiles, documents of all tiles).
    """
    if recipe.scoring == "xtr":
        return mx.concatenate([retrieved_scores(tile, documents, recipe.k_train) for tile in queries], axis=0)
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
    if recipe.contrastive_weight:
        terms["contrastive"] = contrastive_loss(
            scores, grades, recipe.temperature, recipe.positive_grade, recipe.negative_grade
        )
    if recipe.listwise_weight:
        terms["listwise"] = listwise_loss(scores, grades, recipe.listwise_temperature, recipe.grade_spread)
    if recipe.mse_weight:
        terms["mse"] = mse_loss(scores, grades, recipe.grade_spread)
    if recipe.ordinal_weight:
        terms["ordinal"] = ordinal_loss(scores, grades, recipe.listwise_temperature, recipe.grade_spread)
    if recipe.margin_weight:
        terms["margin"] = margin_loss(scores, grades, recipe.grade_spread)
    loss = mx.array(0.0)
    for name, term in terms.items():
        loss = loss + getattr(recipe, f"{name}_weight") * term
    return loss, terms
