"""The words that decided between a wrong winner and the right file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.evaluation.error_analysis import missed_queries
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.explanations import (
    EXPLAINED_SCHEMA,
    FILE,
    SECOND,
    SIZE,
    TESTS,
    Explainer,
    Shown,
    explain_misses,
    word_matches,
)
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.maxsim import maxsim_scores
from xtr_pipeline.retrieval.sources import searcher_for_units
from xtr_pipeline_tests.judge.sample_units import code_unit

TINY_BERT = Path(__file__).parents[1] / "encoder" / "fixtures" / "tiny_bert"
WORDS = ("cache", "file", "time", "line", "name", "list", "open", "read", "send", "host", "page", "date", "year")


@pytest.mark.parametrize("weighted", [False, True])
def test_the_advantages_sum_up_to_the_difference_of_the_scores(weighted: bool) -> None:
    encoder = load_encoder(TINY_BERT)
    if weighted:
        spread = np.linspace(0.5, 3, encoder.tokenizer.vocabulary_size(), dtype=np.float32)
        encoder = encoder.with_token_weights(spread)
    won, right = "def read(line): open the file", "def send(host): page"
    outlines = "read.py\nread: open the file", "send.py\nsend: page by name"
    shown = [Shown(unit, outline) for unit, outline in zip((won, right), outlines, strict=True)]
    vectors = encoder.encode_documents([won, right, *outlines])
    asked = encoder.encode_queries(["read the page, name"])[0]
    if weighted:
        asked[2] = 0  # nothing in the corpus stands out for it
    matches = word_matches(encoder, "read the page, name", asked, *shown, outline_weight=0.25)
    scores = maxsim_scores([asked / np.linalg.norm(asked, axis=1).mean()], vectors.vectors, vectors.offsets)[0]
    difference = (scores[0] - scores[1] + 0.25 * (scores[2] - scores[3])) / 1.25
    assert sum(match.advantage for match in matches) == pytest.approx(difference, abs=1e-5)
    assert sum(match.share for match in matches) == pytest.approx(1, abs=1e-5)
    assert sorted(match.word for match in matches) == sorted([FILE, *encoder.query_tokens("read the page, name")])
    matches = [match for match in matches if match.word != FILE]
    assert all(-1.001 <= match.won_similarity <= 1.001 for match in matches)
    assert all(match.won in encoder.document_tokens(won) for match in matches)
    assert all(match.right in encoder.document_tokens(right) for match in matches)
    assert [match.advantage for match in matches] == sorted((m.advantage for m in matches), reverse=True)


def test_every_miss_names_the_winner_the_right_unit_and_the_words(tmp_path: Path) -> None:
    encoder = load_encoder(TINY_BERT)
    units = units_frame([code_unit(f"{w}.py", w, f"{w} {w}") for w in WORDS], "toy", "1")
    searcher = searcher_for_units(units, encoder, tmp_path)
    last = {word: searcher.rank_files(word, "semantic", 99)[-1].path for word in ("cache", "open")}
    asked = [EvalQuery(word, "toy", "conceptual", word, (path,)) for word, path in last.items()]
    missed = missed_queries(evaluate_searcher(searcher, asked, "semantic", "tiny"), asked)
    explained = explain_misses(missed, searcher, encoder)
    assert explained.schema == EXPLAINED_SCHEMA
    assert explained["first_rank"].to_list() == [len(WORDS)] * 2
    for row in explained.iter_rows(named=True):
        best = searcher.rank_files(row["query"], "semantic", 1)[0].path
        assert row["won"] == f"{best}: {best.removesuffix('.py')}"
        assert row["right"].startswith(last[row["query"]])
        assert row["why"].partition(": ")[0] in [FILE, SECOND, *encoder.query_tokens(row["query"])]


def test_what_decided_sums_up_to_the_difference_of_the_files_scores(tmp_path: Path) -> None:
    encoder = load_encoder(TINY_BERT)
    encoder = encoder.with_token_weights(np.linspace(0.5, 3, encoder.tokenizer.vocabulary_size(), dtype=np.float32))
    pieces = [code_unit(f"{w}.py", f"{w}{n}", f"{w} {v}") for w in WORDS for n, v in enumerate(WORDS[: len(w) % 3 + 1])]
    searcher = searcher_for_units(units_frame(pieces, "toy", "1"), encoder, tmp_path)
    explainer = Explainer(searcher, encoder)
    query = "read the page, name"
    (found,) = searcher.found([query])
    (plain,) = encoder.encode_queries([query])
    by_plain_weights = []
    for right in found.files[1:]:
        difference = found.files[0].score - right.score
        assert sum(m.advantage for m in explainer.matches(query, found, right)) == pytest.approx(difference, abs=1e-4)
        of_plain = explainer.matches(query, replace(found, query=plain), right)
        by_plain_weights.append(sum(match.advantage for match in of_plain) - difference)
    assert np.abs(by_plain_weights).max() > 1e-3  # the weights are those of this corpus


def test_a_file_that_lost_by_its_size_alone_is_explained_by_it(tmp_path: Path) -> None:
    encoder = load_encoder(TINY_BERT)
    large = [code_unit("large.py", f"name{number}", f"page {number}") for number in range(12)]
    units = units_frame([*large, code_unit("small.py", "name0", "page 0")], "toy", "1")
    searcher = searcher_for_units(units, encoder, tmp_path, weights=ScoreWeights(outline=0.0, size=10.0))
    asked = [EvalQuery("q", "toy", "conceptual", "page", ("large.py",))]
    metrics = evaluate_searcher(searcher, asked, "semantic", "tiny").with_columns(pl.lit(0.0).alias("Success@10"))
    (row,) = explain_misses(missed_queries(metrics, asked), searcher, encoder).iter_rows(named=True)
    assert row["won"] == "small.py: name0"
    assert row["right"].startswith("large.py")
    assert row["why"].startswith(f"{SIZE}: 1 unit 0.00, right file: 12 units -2.48")


def test_a_file_that_won_by_its_second_unit_is_explained_by_it(tmp_path: Path) -> None:
    encoder = load_encoder(TINY_BERT)
    named = [("twice.py", "name1", "page name"), ("twice.py", "name2", "page name"), ("once.py", "name3", "page name")]
    units = units_frame([code_unit(*row) for row in [*named, ("once.py", "other", "x")]], "toy", "1")
    searcher = searcher_for_units(units, encoder, tmp_path, weights=ScoreWeights(outline=0.0, second=0.9))
    asked = [EvalQuery("q", "toy", "conceptual", "page name", ("once.py",))]
    metrics = evaluate_searcher(searcher, asked, "semantic", "tiny").with_columns(pl.lit(0.0).alias("Success@10"))
    (row,) = explain_misses(missed_queries(metrics, asked), searcher, encoder).iter_rows(named=True)
    assert row["won"].startswith("twice.py")
    second = {hit.unit_id: hit.score for hit in searcher.rank_units("page name", "semantic", 4)}
    weaker = min(score for unit, score in second.items() if "once.py" in unit)
    assert row["why"].startswith(f"{SECOND}: name")
    assert f"right file: other {weaker:.2f}" in row["why"]


def test_a_test_that_lost_for_being_one_is_explained_by_it_unless_tests_were_asked_for(tmp_path: Path) -> None:
    encoder = load_encoder(TINY_BERT)
    units = units_frame(
        [code_unit("page.py", "page", "x"), code_unit("tests/page.py", "page", "page name")], "toy", "1"
    )
    searcher = searcher_for_units(units, encoder, tmp_path, weights=ScoreWeights(tests=10.0))
    explainer = Explainer(searcher, encoder)
    for query, named in (("page name", True), ("test of page name", False)):
        (found,) = searcher.found([query])
        matches = explainer.matches(query, found, found.files[1])
        difference = found.files[0].score - found.files[1].score
        assert sum(match.advantage for match in matches) == pytest.approx(difference, abs=1e-4)
        assert (TESTS in {match.word for match in matches}) is named
        if named:
            assert found.files[0].path == "page.py"
            assert str(matches[0]) == f"{TESTS}: no test 0.00, right file: a test -1.00"


def test_nothing_missed_is_an_empty_table(tmp_path: Path) -> None:
    encoder = load_encoder(TINY_BERT)
    searcher = searcher_for_units(units_frame([code_unit("a.py", "a", "a")], "toy", "1"), encoder, tmp_path)
    nothing = pl.DataFrame(schema={"query": pl.String})
    assert explain_misses(nothing, searcher, encoder).schema == EXPLAINED_SCHEMA
