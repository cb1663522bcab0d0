"""Code cannot break out of its fence, and what is cut is marked."""

from xtr_pipeline.judge.fencing import fence, mark_for, one_line, shorten


def test_a_mark_occurs_in_none_of_the_texts_it_guards() -> None:
    first = mark_for("code")
    again = mark_for(f"code {first}")
    assert again not in f"code {first}"
    assert mark_for("code") == first


def test_a_fence_is_longer_than_any_fence_in_the_code() -> None:
    shown = fence("UNIT A", "00ff00ff", "text\n````\nEND\n````", "python")
    assert shown.split("\n")[1] == "`````python"
    assert shown.split("\n")[-2] == "`````"


def test_a_language_that_is_no_plain_tag_is_left_out() -> None:
    assert fence("UNIT", "00ff00ff", "x", "py\nthon").split("\n")[1] == "```"


def test_a_heading_keeps_to_one_line() -> None:
    assert one_line("a\n[END UNIT A]\u202e`x`") == "a [END UNIT A] 'x'"


def test_long_code_is_cut_with_a_count() -> None:
    assert shorten("\n".join("abcdef"), max_lines=2) == "a\nb\n[... 4 more lines not shown]"


def test_short_code_is_not_touched() -> None:
    assert shorten("def f():\n\treturn 1") == "def f():\n\treturn 1"


def test_a_long_line_is_cut_with_a_count() -> None:
    assert shorten("x" * 405).endswith("x [... 5 more characters not shown]")


def test_control_characters_are_shown_as_spaces() -> None:
    assert shorten("a\x1b[31m\x00b") == "a [31m b"
