"""Words are compared across inflections, and each kind of query keeps to its limits."""

import pytest

from xtr_pipeline.judge.overlap import (
    Overlap,
    defined_names,
    limit_problems,
    measure_overlap,
    unit_words,
    words_to_avoid,
)
from xtr_pipeline.judge.records import QueryKind
from xtr_pipeline.judge.words import content_words, split_words, stem

WORDS = unit_words("net/retry_client.py", ["fetchPage", "ParseError"], "pause = 2 ** attempt; sleep(pause)")


@pytest.mark.parametrize(
    "family",
    [
        ("read", "reads", "reader", "reading", "readable"),
        ("copy", "copies", "copied", "copying"),
        ("compile", "compiles", "compiler", "compilation", "compiling"),
        ("stop", "stopped", "stopping"),
        ("cache", "caches", "cached", "caching"),
        ("validate", "validation", "validating", "validator"),
        ("serialize", "serializer", "serialise", "serialization"),
    ],
)
def test_inflections_of_a_word_have_one_stem(family: tuple[str, ...]) -> None:
    assert len({stem(word) for word in family}) == 1


def test_different_words_keep_different_stems() -> None:
    assert len({stem(word) for word in ("read", "write", "copy", "cache", "state", "retry")}) == 6


def test_identifiers_are_split_into_words() -> None:
    assert split_words("parseHTTPHeader max_retries2") == ["parse", "http", "header", "max", "retries", "2"]


def test_function_words_and_numbers_are_no_content() -> None:
    assert content_words("How do I get the 3 oldest files?") == ["oldest", "files"]


def test_shares_are_of_distinct_content_words() -> None:
    assert measure_overlap("pausing a client after parsing pauses", WORDS) == Overlap(0.333, 0.333, 0.333)


def test_a_query_without_content_words_overlaps_with_nothing() -> None:
    assert measure_overlap("what is it", WORDS) == Overlap(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("conceptual", "waiting longer each time something goes wrong"),
        ("question", "why does the second download wait longer than the first one did?"),
        ("question", "why does each fetch wait longer than the first one did?"),
        ("keyword", "exponential pause between fetch attempts"),
    ],
)
def test_a_query_within_its_limits_is_fine(kind: QueryKind, query: str) -> None:
    words = unit_words("net/retry_client.py", ["fetchPage"], "exponential pause between attempts")
    assert limit_problems(kind, query, words) == []


@pytest.mark.parametrize(
    ("kind", "query", "complaint"),
    [
        ("conceptual", "waiting longer", "has 2 words"),
        ("conceptual", "waiting longer before the next retries happen", "it uses: retries"),
        ("conceptual", "fetches that went wrong the first time", "it uses: fetches"),
        ("conceptual", "sleeping with a pause after an attempt", "repeats too many of the code's own words"),
        ("question", "how does it work here?", "has 5 words"),
        ("question", "where does the client retry after a page could not load?", "it uses: client, page, retry"),
        ("keyword", "exponential backoff jitter", "these words are not in it"),
        ("keyword", "fetch_page pause", "looks like code"),
        ("keyword", "fetchPage pause attempt", "looks like code"),
        ("conceptual", "what is it that they do to us", "fewer than two content words"),
    ],
)
def test_a_query_beyond_its_limits_is_told_why(kind: QueryKind, query: str, complaint: str) -> None:
    assert complaint in "; ".join(limit_problems(kind, query, WORDS))


def test_proper_names_with_inner_capitals_are_plain_text() -> None:
    assert limit_problems("conceptual", "opening GitHub links on macOS machines", WORDS) == []


def test_names_come_from_symbols_definitions_and_assignments() -> None:
    code = "MAX_SIZE = 3\nclass Box:\n    def lid(self): ...\nfn turn() {}\n#define LIMIT 3\n"
    assert defined_names(["Box.lid"], code) == ["Box", "Box.lid", "LIMIT", "MAX_SIZE", "lid", "turn"]


def test_words_to_avoid_hold_each_stem_once_and_no_extension() -> None:
    assert words_to_avoid("net/reader.py", ["read_all", "MAX_SIZE"]) == ("net", "reader", "max", "size")


def test_words_to_avoid_are_capped() -> None:
    assert len(words_to_avoid("a.py", [f"name{letter}x" for letter in "abcdefgh"], limit=3)) == 3
