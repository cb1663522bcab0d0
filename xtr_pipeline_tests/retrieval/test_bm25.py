"""BM25 against its formula, and its ceiling."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from xtr_pipeline.retrieval.bm25 import Bm25, Bm25Settings
from xtr_pipeline.retrieval.code_tokens import code_tokens

TEXTS = [
    "def parse_url(text): split the address",
    "class HttpClient: send request, read response, parse_url",
    "def close_socket(socket): socket.close()",
    "parse parse parse",
]


def reference_score(texts: list[str], query: str, position: int, settings: Bm25Settings) -> float:
    """BM25 written out: Lucene's idf times tf / (tf + k1 * (1 - b + b * length / mean length))."""
    documents = [code_tokens(text) for text in texts]
    counts, length = Counter(documents[position]), len(documents[position])
    mean_length = sum(map(len, documents)) / len(documents)
    score = 0.0
    for token in code_tokens(query):
        frequency = sum(token in document for document in documents)
        idf = math.log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))
        held_back = settings.k1 * (1 - settings.b + settings.b * length / mean_length)
        score += idf * counts[token] / (counts[token] + held_back)
    return score


@pytest.mark.parametrize("query", ["parse url", "parseUrl response", "socket", "parse parse"])
@pytest.mark.parametrize("settings", [Bm25Settings(), Bm25Settings(k1=2.0, b=0.3)])
def test_scores_equal_the_written_out_formula(query: str, settings: Bm25Settings) -> None:
    scores = Bm25(TEXTS, settings).scores(query)
    expected = [reference_score(TEXTS, query, position, settings) for position in range(len(TEXTS))]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_camel_case_finds_snake_case() -> None:
    assert Bm25(TEXTS).scores("closeSocket").argmax() == 2


def test_words_that_no_text_holds_score_nothing() -> None:
    np.testing.assert_array_equal(Bm25(TEXTS).scores("quaternion"), np.zeros(4))
    np.testing.assert_array_equal(Bm25(TEXTS).scores("?!"), np.zeros(4))


def test_unknown_words_beside_known_ones_change_no_score() -> None:
    bm25 = Bm25(TEXTS)
    np.testing.assert_array_equal(bm25.scores("quaternion socket"), bm25.scores("socket"))


def test_texts_without_any_token_can_be_indexed() -> None:
    np.testing.assert_array_equal(Bm25(["?!", ""]).scores("socket"), np.zeros(2))


def test_no_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one text"):
        Bm25([])


@pytest.mark.parametrize("query", ["parse url", "socket", "parse quaternion", "class"])
def test_no_score_reaches_the_ceiling(query: str) -> None:
    bm25 = Bm25(TEXTS)
    assert 0 < bm25.scores(query).max() < bm25.ceiling(query)


def test_words_that_the_texts_never_use_lift_the_ceiling_above_every_score() -> None:
    bm25 = Bm25(TEXTS)
    known = bm25.scores("socket").max() / bm25.ceiling("socket")
    diluted = bm25.scores("socket quaternion rotation").max() / bm25.ceiling("socket quaternion rotation")
    assert diluted < known / 2


def test_a_query_without_tokens_has_ceiling_zero() -> None:
    assert Bm25(TEXTS).ceiling("the ?") == 0.0
