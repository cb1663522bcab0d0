"""Progress of long steps in the run's log: at most one line every few seconds, with rate and ETA."""

import time
from collections.abc import Callable

import dagster as dg

from xtr_pipeline.retrieval.progress import EncodeProgress

INTERVAL_S = 10.0


def log_progress(context: dg.AssetExecutionContext, what: str, unit: str) -> Callable[[int, int], None]:
    """A callback `(done, total)` that logs `what: done/total unit, rate, ETA` every ten seconds and at the end."""
    start = time.monotonic()
    last = start

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < INTERVAL_S and done < total:
            return
        last = now
        rate = done / max(now - start, 1e-9)
        eta = (total - done) / rate if rate else float("inf")
        context.log.info(f"{what}: {done:,}/{total:,} {unit}, {rate:,.0f} {unit}/s, ETA {clock(eta)}")

    return report


def clock(seconds: float) -> str:
    """Seconds as m:ss, or a question mark where the rate is not known yet."""
    return "?" if seconds == float("inf") else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def log_encoding(context: dg.AssetExecutionContext, what: str) -> Callable[[EncodeProgress], None]:
    """A callback for an index build that logs units, tokens a second and ETA every ten seconds and at the end."""
    last = time.monotonic()

    def report(progress: EncodeProgress) -> None:
        nonlocal last
        if time.monotonic() - last < INTERVAL_S and progress.units < progress.total_units:
            return
        last = time.monotonic()
        context.log.info(
            f"{what}: {progress.units:,}/{progress.total_units:,} units, {progress.tokens_per_second:,.0f} tokens/s, "
            f"ETA {clock(progress.eta_seconds if progress.eta_seconds is not None else float('inf'))}"
        )

    return report
