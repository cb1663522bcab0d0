"""Reading modes."""

from __future__ import annotations

import pytest

from xtr_pipeline.retrieval.modes import DEFAULT_MODE, MODES, parse_mode


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_read_by_its_own_name(mode: str) -> None:
    assert parse_mode(mode) == mode


def test_the_default_is_one_of_the_modes() -> None:
    assert DEFAULT_MODE in MODES


def test_an_unknown_mode_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"'vector'.*bm25, semantic, hybrid"):
        parse_mode("vector")
