"""A saved checkpoint gives our vectors in transformers, sentence-transformers and PyLate, unchanged.

Marked `export`: each test needs the real library and is skipped without it. The extra `torch` brings the first two;
PyLate 1.6 pins older releases of both and needs an environment of its own (benchmarks/README.md). With XTR_EXPORT set
to the folder of a checkpoint, a trained one say, that is tested besides the small ones.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xtr_pipeline.encoder.checkpoint import load_encoder, save_encoder
from xtr_pipeline.encoder.encoder import Encoder

pytestmark = pytest.mark.export

FIXTURES = Path(__file__).parents[1] / "encoder" / "fixtures"
LEAST_COSINE = 0.9999
TEXTS = [
    "src/watcher.py: class FileWatcher, notices that a file changed on disk",
    "def drop_old_entries(cache, now): return [entry for entry in cache if entry.expires > now]",
    "read",
]


@pytest.fixture(params=["tiny_bert", "tiny_mpnet", "tiny_t5", *filter(None, [os.environ.get("XTR_EXPORT")])])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    """A checkpoint with a head; what is told to other libraries is not what is tested here, so no rewriting."""
    loaded = load_encoder(FIXTURES / request.param).with_token_weights(None)
    if loaded.model.head is None:
        loaded = loaded.with_head(np.random.default_rng(0).normal(size=(8, loaded.config.hidden_size)))
    settings = replace(loaded.settings, query_length=32, document_length=32, split_code=False, keep_special_tokens=True)
    return replace(loaded, settings=replace(settings, skip_punctuation=False))


@pytest.fixture
def folder(encoder: Encoder, tmp_path: Path) -> Path:
    """The checkpoint as the pipeline saves it."""
    save_encoder(encoder, tmp_path / "saved")
    return tmp_path / "saved"


def ours(encoder: Encoder, texts: Sequence[str]) -> list[NDArray[np.float32]]:
    return encoder.encode_queries(texts)


def check(theirs: Sequence[Any], expected: Sequence[NDArray[np.float32]]) -> None:
    """Every token's cosine with ours is at least `LEAST_COSINE`, and the tokens are as many."""
    for found, own in zip(theirs, expected, strict=True):
        vectors = np.asarray(found, dtype=np.float64)
        assert vectors.shape == own.shape
        cosines = (vectors * own).sum(axis=1) / np.linalg.norm(vectors, axis=1)
        assert cosines.min() >= LEAST_COSINE


def shown(encoder: Encoder, texts: Sequence[str]) -> list[str]:
    return [encoder.shown(text) for text in texts]


def test_transformers_loads_the_trunk_and_the_head_is_one_matrix(encoder: Encoder, folder: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.numpy import load_file
    from transformers import AutoModel, AutoTokenizer, T5EncoderModel

    loader = T5EncoderModel if "t5" in str(encoder.carried.config["model_type"]) else AutoModel
    model, tokenizer = loader.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    (head_file,) = folder.glob("*_Dense/model.safetensors")
    head = load_file(head_file)["linear.weight"]
    for other in folder.glob("*_Dense/pytorch_model.bin"):
        np.testing.assert_array_equal(torch.load(other, weights_only=True)["linear.weight"].numpy(), head)
    found = []
    for text in shown(encoder, TEXTS):
        batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=32)
        with torch.no_grad():
            states = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        found.append(states[0].numpy() @ head.T)
    check(found, ours(encoder, TEXTS))


def test_sentence_transformers_gives_our_token_vectors_for_queries_and_documents(
    encoder: Encoder, folder: Path
) -> None:
    library = pytest.importorskip("sentence_transformers", minversion="6")
    # the class for several vectors a text came with release 6; it reads PyLate's layout, which ours is
    model = library.MultiVectorEncoder(str(folder), device="cpu")
    for encode in (model.encode_query, model.encode_document):
        check(encode(shown(encoder, TEXTS)), ours(encoder, TEXTS))


def test_pylate_gives_our_token_vectors_for_queries_and_documents(encoder: Encoder, folder: Path) -> None:
    models = pytest.importorskip("pylate.models")
    model = models.ColBERT(str(folder), device="cpu")
    for is_query in (True, False):
        found = model.encode(shown(encoder, TEXTS), is_query=is_query, convert_to_numpy=True)
        check(found, ours(encoder, TEXTS))
