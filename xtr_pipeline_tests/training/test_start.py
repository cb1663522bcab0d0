"""What a recipe starts from: a head and token weights, made from the texts that it trains on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.retrieval.dense import model_scores
from xtr_pipeline.training.objective import score_matrix
from xtr_pipeline.training.start import starting_encoder
from xtr_pipeline.training.token_data import TokenSequence, tokenise_as
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_encoder, tiny_examples

RARITY = replace(RECIPE, token_weights="rarity", dense_weight=0.4)


def test_alike_leaves_the_tokens_as_they_are():
    assert starting_encoder(tiny_encoder(head_dim=None), RECIPE, tiny_examples(8), 8).token_weights is None


def test_rarity_weighs_by_the_candidates_texts():
    examples = tiny_examples(8)
    started = starting_encoder(tiny_encoder(head_dim=None), RARITY, examples, 8)
    assert (started.settings.dim, started.dense_weight) == (8, 0.4)
    texts = set(examples.explode("candidates").unnest("candidates")["text"])
    weights = started.token_weights
    assert weights is not None
    held = [sum(f"w{word}" in text.split()[:14] for text in texts) for word in range(40)]
    rarest_first = np.argsort(np.array(held), kind="stable")
    # a document ends after 14 words; w0 has id 4; [CLS] is in every text and must count least
    assert (np.diff(weights[4:][rarest_first]) <= 1e-6).all()
    assert weights[2] == weights.min() < weights[4:].max()


def test_training_scores_what_search_scores():
    examples = tiny_examples(6)
    encoder = starting_encoder(tiny_encoder(head_dim=None), RARITY, examples, 8)
    queries = examples["query"].to_list()
    documents = examples.explode("candidates").unnest("candidates")["text"].to_list()
    index = encoder.encode_documents(documents)
    searched = model_scores(encoder.encode_queries(queries), index.vectors, index.offsets, encoder.dense_weight)
    asked = [encoded(encoder, query) for query in tokenise_as(encoder, 8, documents=False)(queries)]
    held = [encoded(encoder, document) for document in tokenise_as(encoder, 16, documents=True)(documents)]
    trained = [[score_matrix([query], [document], RARITY).item() for document in held] for query in asked]
    np.testing.assert_allclose(trained, searched, atol=2e-3)


def encoded(encoder: Encoder, tokens: TokenSequence) -> tuple[mx.array, mx.array]:
    vectors: mx.array = encoder.model(mx.array(tokens.ids[None]), mx.ones((1, len(tokens))))
    return vectors, mx.array(tokens.counted[None])
