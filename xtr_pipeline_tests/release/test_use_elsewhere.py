"""What the card tells other libraries to do, run as somebody would run it who copied it."""

from dataclasses import replace
from typing import Any

import pytest

from xtr_pipeline.encoder.code_text import split_code
from xtr_pipeline.encoder.settings import EncoderSettings
from xtr_pipeline.release.use_elsewhere import preprocessing_snippet, use_elsewhere

SETTINGS = EncoderSettings(dim=128, query_length=48, document_length=200)


@pytest.mark.parametrize(
    "text",
    [
        'def getUserName(user_id: int) -> "str":',
        "HTTPServer{x: 'y'}[0] == `z`; a<b> = __init__",
        "src/watcher.rs notices within 0.5 seconds that a file changed!",
        "back\\slash\n\ttabs, ünïcödeHumps",
        "",
    ],
)
def test_the_snippet_gives_what_the_encoder_is_shown(text: str) -> None:
    copied: dict[str, Any] = {}
    section = use_elsewhere(SETTINGS)
    exec(section.partition("```python\n")[2].partition("\n```")[0], copied)
    assert copied["split_code"](text) == split_code(text)


def test_the_section_names_both_lengths_and_the_key() -> None:
    section = use_elsewhere(SETTINGS)
    assert preprocessing_snippet() in section
    for part in (
        "Queries are cut at 48 tokens and documents at 200",
        "`split_code`",
        "every token but padding gives",
        "outline",
        "its salience in the searched repository",
        "a deviation counts as 0.01 at least",
    ):
        assert part in section


def test_token_weights_are_told_of_where_there_are_any() -> None:
    assert "token_weights.safetensors" in use_elsewhere(SETTINGS, token_weights=True)
    assert "token_weights" not in use_elsewhere(SETTINGS)


def test_settings_that_differ_are_told_as_they_are() -> None:
    section = use_elsewhere(replace(SETTINGS, split_code=False, keep_special_tokens=False, skip_punctuation=True))
    assert "```python" not in section
    assert "as they are" in section
    assert "[CLS] and [SEP]" in section
    assert "lower case" in use_elsewhere(replace(SETTINGS, lower_case=True))
    assert "lower case" in use_elsewhere(replace(SETTINGS, lower_case=True, split_code=False))
    assert "lower case" not in use_elsewhere(SETTINGS)
    assert "punctuation" in section
