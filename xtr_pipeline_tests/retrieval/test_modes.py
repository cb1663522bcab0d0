"""The default among the modes."""

from __future__ import annotations

from xtr_pipeline.retrieval.modes import DEFAULT_MODE, MODES


def test_the_default_is_one_of_the_modes() -> None:
    assert DEFAULT_MODE in MODES
