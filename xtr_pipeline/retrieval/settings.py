"""All that decides how a corpus is searched besides its texts and the model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.fusion import FusionSettings
from xtr_pipeline.retrieval.modes import DEFAULT_MODE
from xtr_pipeline.retrieval.narrowing import Narrowing


def search_settings() -> dict[str, Any]:
    """The settings that searches have where nothing else is asked for, JSON-able.

    Measurements that were made under other settings are not comparable: their identities are made of these.
    """
    return {
        "mode": DEFAULT_MODE,
        "weights": asdict(ScoreWeights()),
        "narrowing": asdict(Narrowing()),
        "fusion": asdict(FusionSettings()),
    }
