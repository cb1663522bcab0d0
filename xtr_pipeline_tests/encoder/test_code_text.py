"""What the encoder is shown of code."""

from xtr_pipeline.encoder.code_text import split_code


def test_identifiers_come_apart_and_grammar_marks_go() -> None:
    words = split_code('def getUserName(user_id: int) -> "str":').split()
    assert words == ["def", "get", "User", "Name", "user", "id", "int", "-", "str"]


def test_paths_versions_and_plain_sentences_stay_as_they_are() -> None:
    text = "src/watcher.rs notices within 0.5 seconds that a file changed!"
    assert split_code(text) == text


def test_splitting_twice_changes_nothing_more() -> None:
    once = split_code("a[i] = HTTPServer{x: 'y'}")
    assert split_code(once) == once
