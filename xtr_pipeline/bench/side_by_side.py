"""The measurements: training step, encoding, products, memory, each with both sides in turn."""

from __future__ import annotations

import pickle
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.bench.mlx_side import MlxSide
from xtr_pipeline.bench.pairs import Ratio, alternate, ratio_of
from xtr_pipeline.bench.sides import Side
from xtr_pipeline.bench.torch_side import TorchSide
from xtr_pipeline.bench.worker import Worker
from xtr_pipeline.bench.workload import Workload

GEMM_SIZE = 1_536
WARM_UP = 1
# how many tokens a batch PyTorch encodes fastest with differs by machine: each is tried, the best one compared with
TORCH_BUDGETS = (1_024, 4_096, 16_384)
SAME_LOSS = 1e-3
SAME_VECTORS = 1e-3

Tell = Callable[[str], None]


class DifferentResultsError(RuntimeError):
    """The two sides do not compute the same, so that their times say nothing."""


@dataclass(frozen=True)
class Comparison:
    """One measurement of both sides."""

    ratio: Ratio
    memory_ratio: float
    ours_per_s: float
    theirs_per_s: float
    ours_peak_mb: float
    theirs_peak_mb: float

    def figures(self) -> dict[str, Any]:
        """As plain numbers."""
        return {**asdict(self.ratio), **{name: value for name, value in asdict(self).items() if name != "ratio"}}


def compare(folder: Path, workload: Workload, *, pairs: int, parts: Sequence[str], tell: Tell) -> dict[str, Any]:
    """The comparisons `train` and `encode`, as far as `parts` names them, over one checkpoint.

    Raises:
        DifferentResultsError: Losses or vectors differ.
        RuntimeError: A side failed in its process.
    """
    with tempfile.TemporaryDirectory(prefix="xtr-bench-") as temporary:
        file = Path(temporary, "workload")
        file.write_bytes(pickle.dumps(workload))
        found: dict[str, Any] = {}
        if "train" in parts:
            found |= _training(folder, file, workload, pairs, tell)
        if "encode" in parts:
            found |= _encoding(folder, file, workload, pairs, tell)
        return found


def make_torch(folder: Path, workload: Workload, budget: int) -> Side:
    """The PyTorch side with a token budget for encoding."""
    return TorchSide(folder, workload, token_budget=budget)


def _training(folder: Path, file: Path, workload: Workload, pairs: int, tell: Tell) -> dict[str, Any]:
    with (
        Worker(MlxSide, folder, file) as ours,
        Worker(partial(make_torch, budget=TORCH_BUDGETS[0]), folder, file) as theirs,
    ):
        losses: tuple[list[float], list[float]] = ([], [])

        def step(worker: Worker, kept: list[float], number: int) -> float:
            timed = worker.call("train_step", number)
            kept.append(timed.result)
            tell(f"training step {number}: {worker.name.split(',')[0]} {timed.seconds:.2f} s, loss {timed.result:.4f}")
            return timed.seconds

        times = alternate(partial(step, ours, losses[0]), partial(step, theirs, losses[1]), pairs, _warm_up(workload))
        gap = max(abs(a - b) for a, b in zip(*losses, strict=True))
        if gap > SAME_LOSS * max(1.0, *losses[1]):
            raise DifferentResultsError(f"the losses of the two sides differ by up to {gap:.2g}: {losses}")
        figures = _comparison(times, workload.train_tokens / len(workload.batches), ours, theirs).figures()
        peak = _of_the_peak(ours, workload.train_flops / len(workload.batches), figures)
        step_figures = {**figures, "largest_loss_gap": gap, **peak}
        return {"ours": ours.name, "theirs": theirs.name, "train_step": step_figures}


def _warm_up(workload: Workload) -> int:
    """Every shape is compiled once: a user pays for that in the first steps of thousands."""
    return max(WARM_UP, len(workload.batches))


def _encoding(folder: Path, file: Path, workload: Workload, pairs: int, tell: Tell) -> dict[str, Any]:
    budget = _best_torch_budget(folder, file, tell)
    with Worker(MlxSide, folder, file) as ours, Worker(partial(make_torch, budget=budget), folder, file) as theirs:
        vectors: dict[str, NDArray[np.float32]] = {}

        def encode(worker: Worker, number: int) -> float:
            timed = worker.call("encode")
            vectors[worker.name] = timed.result
            rate = workload.encode_tokens / timed.seconds
            tell(f"encoding {number}: {worker.name.split(',')[0]} {timed.seconds:.2f} s, {rate:,.0f} tokens/s")
            return timed.seconds

        times = alternate(partial(encode, ours), partial(encode, theirs), pairs, WARM_UP)
        gap = float(np.abs(vectors[ours.name] - vectors[theirs.name]).max())
        if gap > SAME_VECTORS:
            raise DifferentResultsError(f"the token vectors of the two sides differ by up to {gap:.2g}")
        figures = _comparison(times, workload.encode_tokens, ours, theirs).figures()
        peak = _of_the_peak(ours, workload.encode_flops, figures)
        encode_figures = {**figures, "largest_vector_gap": gap, "torch_token_budget": budget, **peak}
        return {"ours": ours.name, "theirs": theirs.name, "encode": encode_figures}


def _best_torch_budget(folder: Path, file: Path, tell: Tell) -> int:
    seconds = {}
    for budget in TORCH_BUDGETS:
        with Worker(partial(make_torch, budget=budget), folder, file) as theirs:
            seconds[budget] = min(theirs.call("encode").seconds for _ in range(2))
            tell(f"PyTorch with {budget:,} tokens a batch: {seconds[budget]:.2f} s")
    return min(seconds, key=lambda budget: seconds[budget])


def _comparison(times: tuple[list[float], list[float]], tokens: float, ours: Worker, theirs: Worker) -> Comparison:
    ratio = ratio_of(*times)
    peaks = ours.peak_bytes() / 2**20, theirs.peak_bytes() / 2**20
    return Comparison(ratio, peaks[0] / peaks[1], tokens / ratio.ours, tokens / ratio.theirs, *peaks)


def _of_the_peak(worker: Worker, flops: float, figures: dict[str, Any]) -> dict[str, float]:
    """What one large product reaches here, and the share of it that each side's work reaches."""
    peak = _gemm_peak(worker)
    shares = {f"{side}_of_gemm_peak": flops / figures[side] / 1e9 / peak for side in ("ours", "theirs")}
    return {"gemm_gflops": peak, **shares}


def _gemm_peak(worker: Worker) -> float:
    """GFLOP/s of one large product through this side: what its matrix library can do on this machine."""
    seconds = [worker.call("gemm", GEMM_SIZE).seconds for _ in range(7)][2:]
    return 2 * GEMM_SIZE**3 / statistics.median(seconds) / 1e9
