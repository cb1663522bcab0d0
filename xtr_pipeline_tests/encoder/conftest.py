"""The committed random-weight checkpoint, and copies of it that a test may break."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.encoder.encoder import Encoder

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def tiny_folder() -> Path:
    return FIXTURES / "tiny_bert"


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Encoder:
    return load_encoder(tiny_folder)


@pytest.fixture(scope="session")
def expected() -> dict[str, np.ndarray]:
    """Inputs and outputs of the reference implementation for the tiny checkpoint."""
    with np.load(FIXTURES / "tiny_bert.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def copied(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "copied"))


@pytest.fixture
def edit_json(copied: Path) -> Callable[..., Path]:
    """Changes keys of a JSON file of the copied checkpoint; None removes a key."""

    def edit(name: str, **changes: Any) -> Path:
        raw = {**json.loads((copied / name).read_text()), **changes}
        (copied / name).write_text(json.dumps({key: value for key, value in raw.items() if value is not None}))
        return copied

    return edit
