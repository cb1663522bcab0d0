"""Splitting identifiers."""

from __future__ import annotations

import pytest

from xtr_pipeline.retrieval.code_tokens import LONGEST_WORD, code_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("parseUrl", ["parse", "url", "parseurl"]),
        ("parse_url", ["parse", "url", "parseurl"]),
        ("ParseURL", ["parse", "url", "parseurl"]),
        ("HTTPResponse", ["http", "response", "httpresponse"]),
        ("URLs", ["urls"]),
        ("MAX_SIM", ["max", "sim", "maxsim"]),
        ("sha256", ["sha", "256", "sha256"]),
        ("__init__", ["init"]),
        ("x", ["x"]),
        ("42", ["42"]),
        ("a.b->c::d", ["b", "c", "d"]),
        ("naïveGröße", ["naïve", "größe", "naïvegröße"]),
        ("検索", ["検索"]),
        ("", []),
        ("!?", []),
        ("___", []),
    ],
)
def test_identifiers_are_split_and_kept_whole(text: str, tokens: list[str]) -> None:
    assert code_tokens(text) == tokens


def test_question_words_are_dropped_from_code_and_queries_alike() -> None:
    assert code_tokens("How does the parser work") == ["parser", "work"]
    assert code_tokens("# how the parser works") == ["parser", "works"]


def test_a_stop_word_inside_an_identifier_stays_in_the_whole() -> None:
    assert code_tokens("is_open") == ["open", "isopen"]


def test_a_blob_is_no_word() -> None:
    assert code_tokens("aB3" * LONGEST_WORD + " key") == ["key"]
