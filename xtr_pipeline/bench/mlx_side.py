"""Our side: the trainer's own step and the encoder's own encoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.bench.workload import Workload
from xtr_pipeline.encoder.blas import single_threaded
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.encoder.compute import BLAS, backend_report, mx
from xtr_pipeline.encoder.encoding import Storage, encode_tokens
from xtr_pipeline.training.gradients import batch_arrays
from xtr_pipeline.training.optimiser import make_optimiser, make_step


class MlxSide:
    """MLX, as `xtr run` uses it."""

    def __init__(self, folder: Path, workload: Workload) -> None:
        """`folder` is a checkpoint in Hugging Face layout."""
        self._workload = workload
        self._encoder = load_encoder(folder)
        model = self._encoder.model
        self._step = make_step(model, make_optimiser(model, workload.recipe), workload.recipe)
        backend = backend_report()
        self.name = f"MLX {backend.mlx_version}, {backend.device}, {backend.blas}"

    def train_step(self, number: int) -> float:
        """One step as the trainer takes it."""
        workload = self._workload
        batch = workload.batches[number % len(workload.batches)]
        with single_threaded(BLAS):
            value, _ = self._step(batch_arrays(batch), workload.recipe.learning_rate)
        return float(value.loss.item())  # type: ignore[arg-type]

    def encode(self) -> NDArray[np.float32]:
        """As an index build encodes, but kept in float32."""
        storage = Storage(dtype=np.float32)
        vectors = encode_tokens(self._encoder.model, self._workload.documents, frozenset(), storage).vectors
        return np.asarray(vectors, dtype=np.float32)

    def gemm(self, size: int) -> None:
        """One product, evaluated."""
        a = mx.ones((size, size))
        mx.eval(a @ a)
