"""The model's scores of units: whole and narrowed corpora, with outlines and salient tokens."""

from __future__ import annotations

import numpy as np
import pytest

from xtr_pipeline.retrieval.late_interaction import LateInteraction, Scored
from xtr_pipeline.retrieval.maxsim import Floats, maxsim_scores
from xtr_pipeline.retrieval.narrowing import BELOW, Narrowing, unit_means
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.salience import salience, salient_scores
from xtr_pipeline_tests.retrieval.test_narrowing import corpus

NOTHING = np.zeros(40, dtype=np.float32)


def alone(units: int) -> Outlined:
    """Units without any outline: each stands for its own, with no weight."""
    return Outlined(np.arange(units), np.arange(units), weight=0.0)


# the last ten documents are the outlines of three units each
OUTLINED = Outlined(np.arange(30), 30 + np.arange(30) // 3, weight=0.5)


def asked(vectors: Floats, offsets: np.ndarray) -> list[Floats]:
    return [vectors[offsets[unit] : offsets[unit] + 2] for unit in (0, 7, 28)]


def narrowed(candidates: int, keywords: int = 0, sample: int = 256) -> Narrowing:
    return Narrowing(exact_units=0, least=candidates, share=0.0, keywords=keywords, sample=sample)


def scored(
    outlined: Outlined, narrowing: Narrowing | None = None, power: float = 1.0, keyword: Floats = NOTHING
) -> list[Scored]:
    vectors, offsets = corpus()
    queries = asked(vectors, offsets)
    model = LateInteraction(vectors.astype(np.float16), offsets, outlined, power, narrowing)
    return list(model.scored(queries, [keyword[: len(outlined.units)]] * len(queries)))


def exact(outlined: Outlined, queries: list[Floats]) -> Floats:
    vectors, offsets = corpus()
    return outlined.mixed(maxsim_scores(queries, vectors.astype(np.float16), offsets))


@pytest.mark.parametrize("outlined", [alone(40), OUTLINED])
@pytest.mark.parametrize("narrowing", [None, narrowed(6), narrowed(29)])
def test_scores_are_maxsim_of_the_weighed_query_with_outlines(outlined: Outlined, narrowing: Narrowing | None) -> None:
    looked_at = 40 if narrowing is None else narrowing.least
    for found in scored(outlined, narrowing):
        whole = exact(outlined, [found.query])[0]
        best = np.argsort(-found.units)[:looked_at]
        np.testing.assert_allclose(found.units[best], whole[best], atol=1e-4)


def test_documents_scored_with_salience_among_the_units_give_the_same_scores() -> None:
    vectors, offsets = corpus()
    documents = salient_scores(asked(vectors, offsets), vectors.astype(np.float16), offsets, 1.0, units=OUTLINED.units)
    found = np.stack([own.units for own in scored(OUTLINED)])
    np.testing.assert_allclose(OUTLINED.mixed(documents), found, atol=1e-5)
    among_all = salient_scores(asked(vectors, offsets), vectors.astype(np.float16), offsets, 1.0)
    assert np.abs(OUTLINED.mixed(among_all) - found).max() > 1e-4


def test_weights_are_measured_on_units_alone_and_their_mean_stays() -> None:
    vectors, offsets = corpus()
    for query, found in zip(asked(vectors, offsets), scored(OUTLINED), strict=True):
        until = offsets[30]
        units = salient_scores([query], vectors[:until].astype(np.float16), offsets[:31], 1.0)[0]
        own = maxsim_scores([found.query], vectors[:until].astype(np.float16), offsets[:31])[0]
        np.testing.assert_allclose(own, units, atol=1e-4)
        assert np.linalg.norm(found.query, axis=1).mean() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("narrowing", [None, narrowed(10)])
def test_power_0_is_plain_maxsim(narrowing: Narrowing | None) -> None:
    vectors, offsets = corpus()
    queries = asked(vectors, offsets)
    for query, found, whole in zip(
        queries, scored(alone(40), narrowing, power=0.0), exact(alone(40), queries), strict=True
    ):
        np.testing.assert_allclose(found.query, query, atol=1e-6)
        best = np.argsort(-found.units)[:10]
        np.testing.assert_allclose(found.units[best], whole[best], atol=1e-4)


def test_the_sample_that_holds_all_units_gives_a_narrowed_corpus_the_weights_of_the_whole() -> None:
    for whole, found in zip(scored(OUTLINED), scored(OUTLINED, narrowed(6, sample=99)), strict=True):
        np.testing.assert_allclose(found.query, whole.query, atol=1e-5)
        assert found.spread == pytest.approx(whole.spread, abs=1e-4)
    smaller = scored(OUTLINED, narrowed(6, sample=5))
    assert all(
        found.spread != pytest.approx(whole.spread, abs=1e-6)
        for found, whole in zip(smaller, scored(OUTLINED), strict=True)
    )


def test_all_others_lie_below_the_candidates_that_the_means_choose() -> None:
    vectors, offsets = corpus()
    coarse = OUTLINED.mixed(np.stack([unit_means(vectors, offsets) @ q.mean(axis=0) for q in asked(vectors, offsets)]))
    for row, found in zip(coarse, scored(OUTLINED, narrowed(6)), strict=True):
        chosen = np.argsort(-row)[:6]
        others = np.setdiff1d(np.arange(30), chosen)
        assert found.units[others].max() < found.units[chosen].min() < found.units[others].min() + BELOW


def test_what_bm25_finds_is_scored_besides_and_moves_no_unit_that_is_not_looked_at() -> None:
    keyword = NOTHING.copy()
    keyword[[3, 17]] = 1.0
    plain = scored(OUTLINED, narrowed(2), power=0.0)
    for before, found in zip(plain, scored(OUTLINED, narrowed(2, keywords=5), power=0.0, keyword=keyword), strict=True):
        whole = exact(OUTLINED, [found.query])[0]
        np.testing.assert_allclose(found.units[[3, 17]], whole[[3, 17]], atol=1e-4)
        others = np.setdiff1d(np.arange(30), [3, 17])
        np.testing.assert_allclose(found.units[others], before.units[others], atol=1e-6)


@pytest.mark.parametrize("holder", ["candidate", "keyword", "sample"])
def test_a_tokens_best_match_may_be_any_unit_that_is_looked_at_or_sampled(holder: str) -> None:
    narrowing = narrowed(2, keywords=1, sample=4)
    sampled = narrowing.sampled(12)
    free = np.setdiff1d(np.arange(12), sampled)
    # one token a unit: the query's first token lies near two candidates, its second has one match, somewhere
    vectors = np.tile(np.array([0.1, 0.0, 1.0], dtype=np.float32), (12, 1))
    vectors[sampled[1:], 1] = 0.05
    vectors[free[:2]] = [0.9, 0.0, 0.3]
    peak = {"candidate": free[0], "keyword": free[2], "sample": sampled[0]}[holder]
    vectors[peak, 1] = 0.8
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = np.eye(3, dtype=np.float32)[:2]
    keyword = np.zeros(12, dtype=np.float32)
    keyword[free[2]] = 1.0
    model = LateInteraction(vectors, np.arange(13), alone(12), 1.0, narrowing)
    (found,) = model.scored([query], [keyword])
    cosines = query @ vectors.T
    peaks = np.maximum(cosines[:, free[:3]].max(axis=1), cosines[:, sampled].max(axis=1))
    weights = salience(query, peaks, cosines[:, sampled], 1.0)
    np.testing.assert_allclose(found.query, query * weights[:, None], atol=1e-4)
    assert peaks[1] == pytest.approx(cosines[1].max())


def test_xtr_is_maxsim_where_all_tokens_are_retrieved() -> None:
    vectors, offsets = corpus()
    model = LateInteraction(vectors.astype(np.float16), offsets, OUTLINED, 1.0)
    for found, whole in zip(model.xtr(asked(vectors, offsets)), scored(OUTLINED), strict=True):
        np.testing.assert_allclose(found, whole.units, atol=1e-4)
