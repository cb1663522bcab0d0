"""XTR's scores: a hand-made case, MaxSim at the limit, and no dependence on blocks or batches."""

import numpy as np
import pytest

from xtr_pipeline.retrieval.maxsim import maxsim_scores
from xtr_pipeline.retrieval.xtr_scores import XtrSettings, xtr_scores


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _corpus(documents: int = 40, dim: int = 8, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(random.integers(1, 9, documents))])
    vectors = _unit(random.normal(size=(offsets[-1], dim))).astype(np.float16)
    queries = [_unit(random.normal(size=(length, dim))) for length in (3, 1, 7)]
    return queries, vectors, offsets


def _by_loops(query: np.ndarray, vectors: np.ndarray, offsets: np.ndarray, k: int) -> list[float]:
    """The definition, one query token and one document at a time."""
    similarity = query @ vectors.astype(np.float32).T
    scores = []
    for document in range(len(offsets) - 1):
        own = range(offsets[document], offsets[document + 1])
        total = 0.0
        for row in similarity:
            retrieved = set(np.argsort(-row)[:k].tolist())
            values = [row[token] for token in own if token in retrieved]
            total += max(values) if values else sorted(row)[-k]
        scores.append(total / len(query))
    return scores


def test_a_document_that_a_token_did_not_retrieve_gets_that_tokens_lowest_similarity() -> None:
    # two query tokens along the axes; documents: (x), (y), (between and opposite)
    vectors = _unit(np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], dtype=np.float32))
    offsets = np.array([0, 1, 2, 4])
    scores = xtr_scores([np.eye(2, dtype=np.float32)], vectors, offsets, XtrSettings(k_prime=2))
    half = np.sqrt(0.5)
    # the x token retrieves documents 0 (1.0) and 2 (0.71), so document 1 is given 0.71 for it; likewise y
    np.testing.assert_allclose(scores, [[(1 + half) / 2, (half + 1) / 2, half]], atol=1e-6)


@pytest.mark.parametrize("k", [1, 5, 17, 100])
def test_it_is_the_definition(k: int) -> None:
    queries, vectors, offsets = _corpus()
    scores = xtr_scores(queries, vectors, offsets, XtrSettings(k_prime=k))
    for query, row in zip(queries, scores, strict=True):
        np.testing.assert_allclose(row, _by_loops(query, vectors, offsets, k), atol=1e-5)


def test_retrieving_everything_is_maxsim() -> None:
    queries, vectors, offsets = _corpus()
    exact = maxsim_scores(queries, vectors, offsets)
    for k in (len(vectors), 10 * len(vectors)):
        np.testing.assert_allclose(xtr_scores(queries, vectors, offsets, XtrSettings(k_prime=k)), exact, atol=1e-5)


@pytest.mark.parametrize("settings", [XtrSettings(9, block_bytes=1), XtrSettings(9, 700, 2), XtrSettings(9, 10**9, 1)])
def test_blocks_and_rounds_change_nothing(settings: XtrSettings) -> None:
    queries, vectors, offsets = _corpus()
    whole = xtr_scores(queries, vectors, offsets, XtrSettings(9))
    np.testing.assert_allclose(xtr_scores(queries, vectors, offsets, settings), whole, atol=1e-6)


def test_more_retrieved_tokens_never_raise_a_document_above_its_maxsim() -> None:
    queries, vectors, offsets = _corpus(seed=3)
    exact = maxsim_scores(queries, vectors, offsets)
    imputed = [xtr_scores(queries, vectors, offsets, XtrSettings(k)) for k in (3, 30, 120)]
    for narrow, wide in zip(imputed, [*imputed[1:], exact], strict=True):
        # what is imputed is an upper bound, which falls as more is retrieved
        assert (narrow >= wide - 1e-5).all()


def test_bad_input_is_named_as_for_maxsim() -> None:
    queries, vectors, offsets = _corpus()
    with pytest.raises(ValueError, match="offsets must run"):
        xtr_scores(queries, vectors, offsets[:-1])
    with pytest.raises(ValueError, match="k_prime is 0"):
        XtrSettings(k_prime=0)
