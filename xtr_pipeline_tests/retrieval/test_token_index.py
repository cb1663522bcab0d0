"""The index as a value."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.retrieval.token_index import TokenIndex, content_key, hash_text

VECTORS = np.ones((3, 2), dtype=np.float16)


def test_an_index_knows_its_size() -> None:
    index = TokenIndex(("a", "b"), ("1", "2"), VECTORS, np.array([0, 1, 3]), "model")
    assert (len(index), index.tokens, index.dim) == (2, 3, 2)


def test_the_content_key_depends_on_model_ids_and_texts() -> None:
    keys = {
        content_key("m", ("a", "b"), ("1", "2")),
        content_key("n", ("a", "b"), ("1", "2")),
        content_key("m", ("a", "c"), ("1", "2")),
        content_key("m", ("a", "b"), ("1", "3")),
    }
    assert len(keys) == 4


def test_texts_are_named_by_their_sha256() -> None:
    assert hash_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_everything_that_does_not_fit_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"2 units, 1 text hashes.*not sorted.*float32.*to the 3 tokens"):
        TokenIndex(("b", "a"), ("1",), VECTORS.astype(np.float32), np.array([0, 1, 2]), "model")


def test_a_unit_without_tokens_is_refused() -> None:
    with pytest.raises(ValueError, match="a unit has no tokens"):
        TokenIndex(("a", "b"), ("1", "2"), VECTORS, np.array([0, 3, 3]), "model")
