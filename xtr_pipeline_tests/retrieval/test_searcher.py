"""Searching one corpus in all modes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from xtr_pipeline.corpus.outlines import outline_id, with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.retrieval.bm25 import Bm25
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.fusion import FusionSettings
from xtr_pipeline.retrieval.index import build_index
from xtr_pipeline.retrieval.modes import MODES, Mode
from xtr_pipeline.retrieval.narrowing import Narrowing
from xtr_pipeline.retrieval.ranking import UnitHit
from xtr_pipeline.retrieval.searcher import QUERY_BATCH, Searcher
from xtr_pipeline.retrieval.sources import searcher_for_units
from xtr_pipeline_tests.retrieval.conftest import make_units
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder

UNITS = make_units(
    [
        ("net/client.py", "send", "send request over socket"),
        ("net/client.py", "receive", "receive bytes from socket"),
        ("text/parse.py", "parse_url", "split address into host and port"),
        ("text/format.py", "format_date", "render calendar day as text"),
    ]
)


@pytest.fixture
def searcher(tmp_path: Path, encoder: FakeEncoder) -> Searcher:
    return searcher_for_units(UNITS, encoder, tmp_path)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_puts_the_file_with_the_words_first(searcher: Searcher, mode: Mode) -> None:
    best = searcher.rank_files("receive bytes", mode, 3)[0]
    assert (best.path, best.unit_id) == ("net/client.py", "demo/net/client.py#receive@1-2")


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_a_file_appears_once_and_every_file_is_ranked(searcher: Searcher, mode: Mode) -> None:
    hits = searcher.rank_files("socket", mode, 10)
    assert sorted(hit.path for hit in hits) == ["net/client.py", "text/format.py", "text/parse.py"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_units_and_files_agree_on_the_best(searcher: Searcher) -> None:
    for mode in MODES:
        unit, file = searcher.rank_units("split address", mode, 1)[0], searcher.rank_files("split address", mode, 1)[0]
        assert (unit.unit_id, unit.path) == (file.unit_id, file.path)
        # hybrid mode measures by the spread of all scores, which the size of other files changes
        assert unit.score == pytest.approx(file.score, rel=0.1 if mode == "hybrid" else 1e-9)


def test_bm25_returns_only_what_shares_a_word(searcher: Searcher) -> None:
    assert [hit.path for hit in searcher.rank_files("socket", "bm25", 10)] == ["net/client.py"]
    assert searcher.rank_files("quaternion", "bm25", 10) == []
    assert searcher.rank_units("the ?", "bm25", 10) == []


@pytest.mark.parametrize("mode", MODES)
def test_many_queries_rank_as_each_alone_across_batches(searcher: Searcher, mode: Mode) -> None:
    queries = [f"socket {word}" for word in ("send", "host", "calendar")] * (QUERY_BATCH // 2)
    many = searcher.rank_files_many(queries, mode, 4)
    assert len(many) == len(queries)
    for together, query in zip([*many[:3], many[-1]], [*queries[:3], queries[2]], strict=True):
        alone = searcher.rank_files(query, mode, 4)
        assert [(hit.path, hit.unit_id) for hit in together] == [(hit.path, hit.unit_id) for hit in alone]
        # some BLAS kernels round a product's last rows in another order
        assert [hit.score for hit in together] == pytest.approx([hit.score for hit in alone], abs=1e-5)


def test_hybrid_with_weight_zero_is_semantic(tmp_path: Path, encoder: FakeEncoder) -> None:
    plain = searcher_for_units(UNITS, encoder, tmp_path, fusion=FusionSettings(bm25_weight=0.0))
    for query in ("socket", "calendar host"):
        hybrid = [hit.path for hit in plain.rank_files(query, "hybrid", 4)]
        assert hybrid == [hit.path for hit in plain.rank_files(query, "semantic", 4)]


def test_a_searcher_without_an_encoder_does_bm25_and_says_what_it_cannot_do() -> None:
    keyword_only = searcher_for_units(UNITS, None, None)
    assert keyword_only.rank_files("parseUrl", "bm25", 1)[0].path == "text/parse.py"
    with pytest.raises(ValueError, match="semantic mode needs an encoder"):
        keyword_only.rank_files("socket", "semantic", 1)


def test_everything_wrong_with_a_request_is_named_at_once(searcher: Searcher) -> None:
    with pytest.raises(ValueError, match="query 1 is blank; k must be at least 1, not 0"):
        searcher.rank_files_many(["socket", "  "], "bm25", 0)


def test_parts_that_do_not_belong_together_are_refused(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = UNITS.sort("unit_id")
    index = build_index(with_outlines(units[:3]), encoder, tmp_path)
    bm25 = Bm25(render_units(units)[:2])
    stranger = FakeEncoder(fingerprint="stranger")
    with pytest.raises(ValueError, match=r"BM25 holds 2 texts for 4.*of other units.*the encoder is stranger"):
        Searcher(units, index, bm25, stranger)
    with pytest.raises(ValueError, match="only work together"):
        Searcher(units, None, Bm25(render_units(units)), encoder)


def test_units_of_two_repositories_are_refused() -> None:
    two = UNITS.vstack(make_units([("a.py", "a", "a")], repo="other"))
    with pytest.raises(ValueError, match="units of 2 repositories"):
        searcher_for_units(two, None, None)


def test_ranks_do_not_depend_on_the_order_of_the_units(tmp_path: Path, encoder: FakeEncoder) -> None:
    forward = searcher_for_units(UNITS, encoder, tmp_path)
    backward = searcher_for_units(UNITS.reverse(), encoder, tmp_path)
    for mode in MODES:
        assert forward.rank_units("socket host text", mode, 4) == backward.rank_units("socket host text", mode, 4)


@pytest.mark.parametrize("mode", ["semantic", "xtr"])
@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_scores_are_the_mean_of_the_largest_cosines_with_a_share_of_the_files_outline(
    tmp_path: Path, encoder: FakeEncoder, weight: float, mode: Mode
) -> None:
    # so few tokens are all retrieved, which makes xtr mode MaxSim
    searcher = searcher_for_units(UNITS, encoder, tmp_path, weights=ScoreWeights(salience=0.0, outline=weight))
    query = encoder.encode_queries(["send socket"])[0]

    def score(text: str) -> float:
        document = encoder.encode_queries([text])[0].astype(np.float16).astype(np.float32)
        return float((query @ document.T).max(axis=1).mean())

    documents = with_outlines(UNITS)
    text_of = dict(zip(documents["unit_id"], render_units(documents), strict=True))
    hits = searcher.rank_units("send socket", mode, 4)
    assert len(hits) == 4
    assert searcher.index is not None
    assert len(searcher.index) == (len(documents) if weight else 4)
    for hit in hits:
        own, outline = score(text_of[hit.unit_id]), score(text_of[outline_id("demo", hit.path)])
        assert hit.score == pytest.approx((own + weight * outline) / (1 + weight), abs=1e-5)


@pytest.mark.parametrize("mode", ["semantic", "xtr", "hybrid"])
def test_tokens_count_by_their_salience_in_the_corpus(tmp_path: Path, encoder: FakeEncoder, mode: Mode) -> None:
    alike, salient = (
        searcher_for_units(UNITS, encoder, tmp_path, weights=ScoreWeights(salience=power)) for power in (0.0, 1.0)
    )
    (scored,) = salient.scored(["send socket quaternion"])
    assert np.linalg.norm(scored.query, axis=1).std() > 0.1
    ranked = [
        {hit.unit_id: hit.score for hit in searcher.rank_units("send socket quaternion", mode, 4)}
        for searcher in (alike, salient)
    ]
    assert ranked[0] != ranked[1]


@pytest.mark.parametrize("mode", ["semantic", "xtr"])
def test_a_large_file_gives_some_of_its_best_units_score_away_where_files_are_ranked(
    tmp_path: Path, encoder: FakeEncoder, mode: Mode
) -> None:
    units = make_units([("one.py", "send", "send bytes"), *(("many.py", f"f{n}", f"send bytes {n}") for n in range(7))])
    searcher = searcher_for_units(units, encoder, tmp_path, weights=ScoreWeights(size=0.05, second=0.0))
    best = {hit.path: hit.score for hit in reversed(searcher.rank_units("send bytes", mode, 8))}
    files = {hit.path: hit.score for hit in searcher.rank_files("send bytes", mode, 2)}
    assert files["one.py"] == pytest.approx(best["one.py"], abs=1e-6)
    assert files["many.py"] == pytest.approx(best["many.py"] - 0.05 * math.log(7), abs=1e-5)


@pytest.mark.parametrize("mode", ["semantic", "xtr"])
def test_a_files_second_best_unit_has_a_share_in_its_score(tmp_path: Path, encoder: FakeEncoder, mode: Mode) -> None:
    searcher = searcher_for_units(UNITS, encoder, tmp_path, weights=ScoreWeights(size=0.0, second=0.25))
    units = searcher.rank_units("receive bytes", mode, 4)
    own = sorted((hit.score for hit in units if hit.path == "net/client.py"), reverse=True)
    files = {hit.path: hit.score for hit in searcher.rank_files("receive bytes", mode, 3)}
    assert len(own) == 2
    assert files["net/client.py"] == pytest.approx(0.75 * own[0] + 0.25 * own[1], abs=2e-6)
    assert files["text/parse.py"] == next(hit.score for hit in units if hit.path == "text/parse.py")


def test_keyword_search_knows_no_handicap_and_hybrid_takes_its_share_of_it(
    tmp_path: Path, encoder: FakeEncoder
) -> None:
    units = make_units([("one.py", "send", "send bytes"), *(("many.py", f"f{n}", f"send bytes {n}") for n in range(7))])
    plain, fair = (
        searcher_for_units(units, encoder, tmp_path, weights=ScoreWeights(size=weight)) for weight in (0.0, 5.0)
    )
    assert fair.rank_files("send bytes", "bm25", 2) == plain.rank_files("send bytes", "bm25", 2)
    assert fair.rank_units("send bytes", "hybrid", 8) == plain.rank_units("send bytes", "hybrid", 8)
    assert [hit.path for hit in fair.rank_files("send bytes 3", "hybrid", 2)] == ["one.py", "many.py"]
    assert [hit.path for hit in plain.rank_files("send bytes 3", "hybrid", 2)] == ["many.py", "one.py"]


@pytest.mark.parametrize("mode", ["semantic", "hybrid", "xtr"])
def test_a_test_comes_after_the_code_that_it_tests_unless_the_query_asks_for_tests(
    tmp_path: Path, encoder: FakeEncoder, mode: Mode
) -> None:
    units = make_units([(path, "send", "send bytes") for path in ("net/client.py", "net/tests/client.py")])
    plain, fair = (
        searcher_for_units(units, encoder, tmp_path, weights=ScoreWeights(tests=weight)) for weight in (0.0, 0.5)
    )
    assert fair.rank_files("send with a fake", mode, 2) == plain.rank_files("send with a fake", mode, 2)
    assert fair.rank_files("send bytes", "bm25", 2) == plain.rank_files("send bytes", "bm25", 2)
    before, after = (
        {hit.path: hit.score for hit in searcher.rank_files("send bytes", mode, 2)} for searcher in (plain, fair)
    )
    assert next(iter(after)) == "net/client.py"
    assert after["net/client.py"] == before["net/client.py"]
    lost = before["net/tests/client.py"] - after["net/tests/client.py"]
    # hybrid mode measures in standard deviations of the scores
    assert lost == pytest.approx(0.5, abs=1e-6) if mode != "hybrid" else lost > 0


def test_an_index_too_large_to_be_widened_gives_the_same_scores(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    widened = searcher.rank_units("socket send", "semantic", 5)
    assert searcher.model is not None
    assert searcher.index is not None
    assert searcher.model.vectors.dtype == np.float32
    monkeypatch.setattr("xtr_pipeline.retrieval.late_interaction.WIDENED_BYTES", 0)
    searcher.model.__dict__.pop("vectors")
    assert searcher.rank_units("socket send", "semantic", 5) == widened
    assert searcher.model.vectors is searcher.index.vectors
    searcher.model.__dict__.pop("vectors")


def test_a_large_corpus_is_narrowed_and_still_ranks_every_file(tmp_path: Path, encoder: FakeEncoder) -> None:
    whole = searcher_for_units(UNITS, encoder, tmp_path)
    narrow = Searcher(
        whole.units, whole.index, whole.bm25, encoder, narrowing=Narrowing(exact_units=2, least=1, share=0.25)
    )
    exact, found = (searcher.rank_files("receive bytes", "semantic", 10) for searcher in (whole, narrow))
    assert (found[0].path, found[0].unit_id) == (exact[0].path, exact[0].unit_id)
    assert {hit.path for hit in found} == {hit.path for hit in exact}


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
def test_what_bm25_finds_in_a_large_corpus_is_scored_by_all_its_tokens(
    tmp_path: Path, encoder: FakeEncoder, mode: Mode
) -> None:
    whole = searcher_for_units(UNITS, encoder, tmp_path)

    def scores(narrowing: Narrowing) -> dict[str, float]:
        searcher = Searcher(whole.units, whole.index, whole.bm25, encoder, narrowing=narrowing)
        return {hit.unit_id: hit.score for hit in searcher.rank_units("receive render split", mode, 4)}

    exact = scores(Narrowing())
    narrowed = scores(Narrowing(exact_units=2, least=1, share=0.0))
    # it finds all but `send`, and the means choose one
    alike = {unit for unit, score in narrowed.items() if score == exact[unit]}
    assert alike >= {unit for unit in exact if "#send@" not in unit}
    by_means = scores(Narrowing(exact_units=2, least=1, share=0.0, keywords=0))
    assert [score == exact[unit] for unit, score in by_means.items()].count(True) == 1


def test_the_spread_of_a_large_corpus_is_that_of_a_sample(tmp_path: Path, encoder: FakeEncoder) -> None:
    alike = ScoreWeights(salience=0.0)
    whole = searcher_for_units(UNITS, encoder, tmp_path, weights=alike)

    def best(sample: int) -> UnitHit:
        narrowing = Narrowing(exact_units=2, least=2, sample=sample)
        searcher = Searcher(whole.units, whole.index, whole.bm25, encoder, None, narrowing, alike)
        return searcher.rank_units("receive bytes", "hybrid", 1)[0]

    assert best(sample=4) == whole.rank_units("receive bytes", "hybrid", 1)[0]
    assert best(sample=2).score != best(sample=4).score
