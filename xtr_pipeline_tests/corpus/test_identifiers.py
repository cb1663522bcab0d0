"""Identifiers as words."""

from __future__ import annotations

import pytest

from xtr_pipeline.corpus.identifiers import spaced_humps, split_identifier


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("getUserName", ["get", "user", "name"]),
        ("HTTPServer_get2Items", ["http", "server", "get2", "items"]),
        ("snake_case", ["snake", "case"]),
        ("SCREAMING_CASE", ["screaming", "case"]),
        ("Type::method", ["type", "method"]),
        ("", []),
    ],
)
def test_names_are_split_at_humps_and_punctuation(name: str, words: list[str]):
    assert split_identifier(name) == words


def test_humps_in_a_text_are_spaced_and_the_rest_stays():
    assert spaced_humps("x = getUserName(HTTPServer)") == "x = get User Name(HTTP Server)"
