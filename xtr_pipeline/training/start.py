"""The encoder that a recipe starts from: the base with a head and token weights, both made from what is trained on."""

from __future__ import annotations

import polars as pl

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.encoding import OnTokens
from xtr_pipeline.encoder.token_weights import inverse_document_frequency
from xtr_pipeline.training.head_init import with_pca_head
from xtr_pipeline.training.recipe import Recipe


def starting_encoder(
    base: Encoder, recipe: Recipe, examples: pl.DataFrame, head_dim: int, on_progress: OnTokens | None = None
) -> Encoder:
    """Give the base what the recipe asks for.

    Args:
        base: A head that it has already stays; so do token weights that the recipe does not replace.
        recipe: Its seed and token weights decide.
        examples: Columns of `training.examples.EXAMPLES_SCHEMA`; the candidates' texts count.
        head_dim: Width of the head.
        on_progress: Hears how far the encode is that a new head is made of.

    Raises:
        ValueError: When there is too little text.
    """
    texts = examples.explode("candidates").unnest("candidates")["text"].unique().sort().to_list()
    headed = with_pca_head(base, texts, head_dim, recipe.seed, on_progress)
    if recipe.token_weights == "alike":
        return headed
    documents = headed.tokenise(texts, headed.settings.document_length)
    return headed.with_token_weights(inverse_document_frequency(documents, headed.tokenizer.vocabulary_size()))
