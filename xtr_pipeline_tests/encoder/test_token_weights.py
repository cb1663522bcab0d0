"""Rare tokens of a query count more: weights by hand, and what an encoder makes of them."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from xtr_pipeline.encoder.checkpoint import CheckpointError, load_encoder, save_encoder
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.token_weights import inverse_document_frequency, shares
from xtr_pipeline.encoder.tokenising import TokenIds

QUERIES = ["read the file", "retry", "open: a list"]


def ids(*texts: list[int]) -> TokenIds:
    lengths = [len(text) for text in texts]
    flat = np.array([token for text in texts for token in text], dtype=np.int32)
    return TokenIds(flat, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def weighted(encoder: Encoder) -> Encoder:
    vocabulary = encoder.tokenizer.vocabulary_size()
    return encoder.with_token_weights(np.linspace(0.5, 3, vocabulary, dtype=np.float32))


def test_the_weight_is_the_inverse_document_frequency_of_bm25():
    weights = inverse_document_frequency(ids([1, 2, 1], [1, 3], [1]), vocabulary=5)
    by_hand = [math.log(1 + (3 - held + 0.5) / (held + 0.5)) for held in (0, 3, 1, 1, 0)]
    np.testing.assert_allclose(weights, by_hand, rtol=1e-6)
    assert weights.dtype == np.float32
    assert (weights > 0).all()


def test_no_documents_are_refused():
    with pytest.raises(ValueError, match="at least one document"):
        inverse_document_frequency(ids(), vocabulary=5)


def test_shares_have_a_mean_of_1_over_the_kept_tokens_of_each_query():
    kept = np.array([True, True, False, True])
    found = shares(np.array([1, 3, 100], dtype=np.float32), ids([0, 1, 2], [1]), kept)
    np.testing.assert_allclose(found, [0.5, 1.5, 0, 1])
    assert not len(shares(np.ones(3, dtype=np.float32), ids(), np.ones(0, dtype=bool)))


@pytest.mark.parametrize("special", [True, False])
def test_a_querys_vectors_are_as_long_as_their_tokens_count_and_point_where_they_did(tiny: Encoder, special: bool):
    plain = replace(tiny, settings=replace(tiny.settings, keep_special_tokens=special))
    encoder = weighted(plain)
    assert encoder.token_weights is not None
    for text, before, after in zip(
        QUERIES, plain.encode_queries(QUERIES), encoder.encode_queries(QUERIES), strict=True
    ):
        tokens = plain.tokenise([text], 32).ids
        own = encoder.token_weights[tokens if special else tokens[1:-1]]
        np.testing.assert_allclose(after, before * (own / own.mean())[:, None], atol=1e-6)
        assert after.dtype == np.float32
    assert encoder.encode_queries([]) == []


def test_documents_stay_as_they_are(tiny: Encoder):
    np.testing.assert_array_equal(
        weighted(tiny).encode_documents(QUERIES).vectors, tiny.encode_documents(QUERIES).vectors
    )


def test_the_weights_are_part_of_the_encoder(tiny: Encoder, tmp_path: Path):
    encoder = weighted(tiny)
    assert encoder.fingerprint != tiny.fingerprint
    save_encoder(encoder, tmp_path / "saved")
    again = [encoder.copy(), pickle.loads(pickle.dumps(encoder)), load_encoder(tmp_path / "saved")]
    again.append(encoder.with_head(encoder.weights()["head.weight"]))
    assert {other.fingerprint for other in again} == {encoder.fingerprint}
    assert encoder.with_token_weights(None).fingerprint == tiny.fingerprint


def test_a_checkpoint_without_weights_of_tokens_counts_them_alike(tiny: Encoder, tmp_path: Path):
    save_encoder(weighted(tiny), tmp_path / "saved")
    save_encoder(tiny, tmp_path / "saved")
    assert load_encoder(tmp_path / "saved").token_weights is None


def test_a_copy_that_lost_its_weights_of_tokens_is_refused(tiny: Encoder, tmp_path: Path):
    save_encoder(weighted(tiny), tmp_path / "saved")
    (tmp_path / "saved" / "token_weights.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"token_weights\.safetensors is missing.*copy the whole folder"):
        load_encoder(tmp_path / "saved")


@pytest.mark.parametrize(
    ("name", "wrong", "problem"),
    [("weight", [1.0, 2.0], "of shape"), ("other", [1.0], "missing"), ("weight", None, "above 0 for every token")],
)
def test_weights_that_cannot_be_used_are_refused_by_name(
    tiny: Encoder, tmp_path: Path, name: str, wrong: list[float] | None, problem: str
):
    save_encoder(tiny, tmp_path / "saved")
    values = np.zeros(tiny.tokenizer.vocabulary_size()) if wrong is None else np.array(wrong)
    save_file({name: values.astype(np.float32)}, tmp_path / "saved" / "token_weights.safetensors")
    with pytest.raises(CheckpointError, match=f"token_weights.safetensors.*{problem}"):
        load_encoder(tmp_path / "saved")
