"""How long pieces are cut into parts that an encoder sees whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xtr_pipeline.corpus.parts import WINDOW, Line, Window, split_parts
from xtr_pipeline.corpus.token_estimate import estimated_tokens

ROW_TEXTS = st.sampled_from(
    ["", "x = 1", "    call(alpha, beta, gamma)", "        return total", "}", "# why", "word " * 60]
)


def _lines(texts: list[str], docs: int = 0) -> list[Line]:
    return [Line(row, text, is_doc=row < docs) for row, text in enumerate(texts)]


def test_what_fits_is_one_part_with_the_docstring_first():
    lines = [Line(0, "def f():"), Line(1, "Doc.", is_doc=True), Line(2, "    return 1")]

    assert [[line.row for line in part] for part in split_parts(lines, 10)] == [[1, 0, 2]]


def test_nothing_gives_no_part():
    assert split_parts([], 10) == []
    assert split_parts(_lines(["", "  "]), 10) == []


@given(
    st.lists(ROW_TEXTS, max_size=150),
    st.integers(0, 20),
    st.integers(0, 200),
    st.sampled_from([WINDOW, Window(480, 80), Window(150, 12)]),
)
def test_parts_hold_every_line_once_and_keep_to_the_limits(texts: list[str], docs: int, overhead: int, window: Window):
    parts = split_parts(_lines(texts, docs), overhead, window)

    shown = sorted(line.row for part in parts for line in part if line.text.strip())
    assert shown == [row for row, text in enumerate(texts) if text.strip()]
    for part in parts:
        assert len(part) <= window.lines
        assert len(part) == 1 or sum(line.tokens for line in part) <= window.tokens


def test_a_larger_window_makes_fewer_parts():
    texts = ["    total = total + compute(value, weight)"] * 60
    assert len(split_parts(_lines(texts), 20, Window(480, 80))) < len(split_parts(_lines(texts), 20))


def test_a_break_is_before_the_shallowest_line():
    texts = ["for a in b:"] + ["    total = total + compute(value, weight)"] * 14
    parts = split_parts(_lines(texts * 3), 20)

    assert [part[0].text for part in parts] == ["for a in b:"] * 3


def test_the_last_two_parts_are_about_even():
    texts = ["    total = total + compute(value, weight)"] * 30
    sizes = [len(part) for part in split_parts(_lines(texts), 20)]

    assert sizes == [15, 15]


def test_no_part_begins_with_a_closing_bracket_or_in_the_middle_below_a_comment():
    block = [
        "    if ready(state):",
        "        launch(state, reason, verbosity)",
        "    # and then the next",
        "    go(state)",
    ]
    parts = split_parts(_lines(block * 40), 20)

    assert len(parts) > 3
    assert all(part[0].text != "    go(state)" for part in parts)


def test_a_line_too_long_for_any_part_stays_whole():
    parts = split_parts(_lines(["short one", "word " * 900, "short two"]), 20)

    assert ["word " * 900] in [[line.text for line in part] for part in parts]


def test_estimated_tokens_count_punctuation_and_long_words():
    assert estimated_tokens("") == 0
    assert estimated_tokens("f(a)") == 4
    assert estimated_tokens("snake_case") == 3
    assert estimated_tokens("internationalisation") == 4
