"""What a recipe starts from: a head and token weights, made from the texts that it trains on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xtr_pipeline.training.start import starting_encoder
from xtr_pipeline.training.token_data import tokenise_as
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_encoder, tiny_examples

RARITY = replace(RECIPE, token_weights="rarity")


def test_alike_leaves_the_tokens_as_they_are():
    assert starting_encoder(tiny_encoder(head_dim=None), RECIPE, tiny_examples(8), 8).token_weights is None


def test_rarity_weighs_by_the_candidates_texts():
    examples = tiny_examples(8)
    started = starting_encoder(tiny_encoder(head_dim=None), RARITY, examples, 8)
    assert started.settings.dim == 8
    texts = set(examples.explode("candidates").unnest("candidates")["text"])
    weights = started.token_weights
    assert weights is not None
    held = [sum(f"w{word}" in text.split()[:14] for text in texts) for word in range(40)]
    rarest_first = np.argsort(np.array(held), kind="stable")
    # a document ends after 14 words; w0 has id 4; [CLS] is in every text and must count least
    assert (np.diff(weights[4:][rarest_first]) <= 1e-6).all()
    assert weights[2] == weights.min() < weights[4:].max()


def test_training_and_search_read_the_same_tokens_and_only_search_weighs_them():
    examples = tiny_examples(6)
    started = starting_encoder(tiny_encoder(head_dim=None), RARITY, examples, 8)
    texts = examples["query"].to_list()
    trained_on = tokenise_as(started, 8, documents=False)(texts)
    lengths = [np.linalg.norm(query, axis=1) for query in started.encode_queries(texts)]
    assert [len(tokens) for tokens in trained_on] == [len(of) for of in lengths]
    assert all(tokens.counted.all() for tokens in trained_on)
    np.testing.assert_allclose([of.mean() for of in lengths], 1, atol=1e-5)
    assert all(of.std() > 0.05 for of in lengths)


def test_trained_weights_keep_the_token_weights_of_their_start():
    started = starting_encoder(tiny_encoder(head_dim=None), RARITY, tiny_examples(6), 8)
    np.testing.assert_array_equal(started.with_weights(started.weights()).token_weights, started.token_weights)
