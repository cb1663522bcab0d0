"""A tiny encoder and tiny examples: everything that training needs, in milliseconds."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
from mlx.utils import tree_flatten

from xtr_pipeline.encoder.bert_config import BertConfig
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Carried, Encoder
from xtr_pipeline.encoder.kernels import Kernels
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.encoder.settings import EncoderSettings
from xtr_pipeline.encoder.tokenising import TextTokenizer
from xtr_pipeline.training.examples import EXAMPLES_SCHEMA
from xtr_pipeline.training.recipe import Recipe

WORDS = tuple(f"w{number}" for number in range(40))

RECIPE = Recipe(
    name="tiny",
    steps=10,
    epochs=4,
    query_length=8,
    document_length=16,
    batch_tokens=128,
    tile_tokens=64,
    candidates_per_query=4,
    learning_rate=1e-2,
    dev_every=3,
    patience=50,
    save_every=2,
    start_may_win=False,
)


def tiny_tokenizer() -> TextTokenizer:
    """One token per word, [CLS] and [SEP] around them."""
    vocabulary = {token: number for number, token in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
    special = [
        {"id": number, "content": token, "special": True, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False}
        for token, number in vocabulary.items()
        if token.startswith("[")
    ]
    definition = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    return TextTokenizer(json.dumps(definition))


def tiny_encoder(seed: int = 0, head_dim: int | None = 8, kernels: Kernels | None = None) -> Encoder:
    """Two layers of width 16 with random weights that depend on the seed alone."""
    config = BertConfig(
        vocab_size=len(WORDS) + 4,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    model = MultiVectorEncoder(config, head_dim, kernels)
    random = np.random.default_rng(seed)
    weights = [
        (name, mx.array(random.normal(0.0, 0.2, weight.shape).astype(np.float32)))
        for name, weight in tree_flatten(model.parameters())
    ]
    model.load_weights(weights)
    settings = EncoderSettings(dim=head_dim or config.hidden_size, query_length=8, document_length=16)
    return Encoder(model, tiny_tokenizer(), settings, config, Carried(config={}))


def tiny_examples(queries: int = 12, seed: int = 0) -> pl.DataFrame:
    """Queries of three words; graded 5 is the text that repeats them, graded 1 and 3 are others."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(queries):
        words = random.choice(WORDS, 3, replace=False).tolist()
        texts = {" ".join(words * 2): 5}
        for grade in (1, 3, 1, 2):
            texts.setdefault(" ".join(random.choice(WORDS, int(random.integers(2, 20))).tolist()), grade)
        rows.append(
            {
                "query_id": f"q{number:02d}",
                "query": " ".join(words),
                "kind": "conceptual",
                "repo": "toy",
                "candidates": [
                    {"unit_id": f"u{number}-{place}", "text": text, "grade": grade}
                    for place, (text, grade) in enumerate(texts.items())
                ],
            }
        )
    return pl.DataFrame(rows, schema=EXAMPLES_SCHEMA)
