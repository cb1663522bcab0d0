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
from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.kernels import Kernels, fast_kernels, reference_kernels
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder

FIXTURES = Path(__file__).parent / "fixtures"
KERNELS = pytest.mark.parametrize("kernels", [fast_kernels(), reference_kernels()], ids=lambda kernels: kernels.name)


@pytest.fixture(scope="session")
def tiny_folder() -> Path:
    return FIXTURES / "tiny_bert"


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Encoder:
    return load_encoder(tiny_folder)


@pytest.fixture(scope="session")
def expected() -> dict[str, np.ndarray]:
    """Inputs and outputs of the reference implementation for the tiny checkpoint."""
    return reference_of("tiny_bert")


def reference_of(checkpoint: str) -> dict[str, np.ndarray]:
    """Inputs and outputs of the reference implementation for a checkpoint of the fixtures."""
    with np.load(FIXTURES / f"{checkpoint}.npz") as arrays:
        return dict(arrays)


def with_kernels(encoder: Encoder, kernels: Kernels) -> MultiVectorEncoder:
    """The encoder's model, computing with some make of the kernels."""
    model = MultiVectorEncoder(encoder.config, None if encoder.model.head is None else encoder.settings.dim, kernels)
    model.load_weights([(name, mx.array(weight)) for name, weight in encoder.weights().items()])
    return model


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
