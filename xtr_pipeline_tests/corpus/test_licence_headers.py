"""Which rows of a file's opening comment are about rights."""

from __future__ import annotations

from xtr_pipeline.corpus.licence_headers import licence_rows


def _rows(text: str) -> list[int]:
    lines = text.split("\n")
    return sorted(licence_rows(lines, range(len(lines))))


def test_a_header_of_nothing_but_rights_goes_whole():
    assert _rows("# Copyright 2020 A.\n#\n# Licensed under the MIT licence.\n#") == [0, 1, 2, 3]


def test_paragraphs_on_the_file_stay():
    assert _rows("// Parses dates.\n//\n// Copyright 2020 A.\n// See LICENSE.") == [1, 2, 3]


def test_an_opening_comment_without_rights_stays():
    assert _rows("# Parses dates.\n#\n# Without warranty of any leap second.") == []
