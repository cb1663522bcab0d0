"""Docstrings without their markup."""

from __future__ import annotations

import pytest

from xtr_pipeline.corpus.docstrings import clean_comment, clean_string, is_directive


@pytest.mark.parametrize(
    ("rows", "cleaned"),
    [
        (["/// Adds.", "///", "///   Twice."], ["Adds.", "", "  Twice."]),
        (["//! Module."], ["Module."]),
        (["/**", " * Adds *much*.", " *   - a", " */"], ["", "Adds *much*.", "  - a", ""]),
        (["/* one line */"], ["one line"]),
        (["/*", "plain", "  text", "*/"], ["", "plain", "  text", ""]),
        (["# ------", "# Section", "# ======"], ["", "Section", ""]),
        (["-- lua"], ["lua"]),
        (["--[[ long", "lua ]]"], ["long", "lua"]),
        (["    // indented", "    // twice"], ["indented", "twice"]),
        (["int a; //< trailing words stay"], ["int a; //< trailing words stay"]),
    ],
)
def test_comment_markers_go_and_words_stay(rows: list[str], cleaned: list[str]):
    assert clean_comment(rows) == cleaned


@pytest.mark.parametrize(
    ("rows", "cleaned"),
    [
        (['"""One line."""'], ["One line."]),
        (["    '''Adds.", "", "        Deeper.", "    Back.", "    '''"], ["Adds.", "", "    Deeper.", "Back.", ""]),
        (['    r"""Raw \\d."""'], ["Raw \\d."]),
        (['  @doc "Adds."'], ["Adds."]),
        (['  @moduledoc ~S"""', "  Words.", '  """'], ["", "Words.", ""]),
        (["@doc false"], ["@doc false"]),
    ],
)
def test_quotes_and_indentation_of_strings_go(rows: list[str], cleaned: list[str]):
    assert clean_string(rows) == cleaned


@pytest.mark.parametrize("row", ["//go:build linux", "// eslint-disable-next-line", "# noqa: E501", "#!/bin/sh"])
def test_comments_to_tools_are_directives(row: str):
    assert is_directive(row)


@pytest.mark.parametrize("row", ["// goes on", "# type of the thing", "/*! Module words", "// NOTE: careful"])
def test_comments_to_readers_are_not(row: str):
    assert not is_directive(row)
