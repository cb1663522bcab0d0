"""Progress of long steps in the run's log: at most one line every few seconds, with rate and ETA."""

import time
from collections.abc import Callable

import dagster as dg

from xtr_pipeline.retrieval.progress import EncodeProgress

INTERVAL_S = 10.0


def clock(seconds: float) -> str:
    """Seconds as m:ss, or a question mark where the rate is not known yet."""
    return "?" if seconds == float("inf") else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def log_encoding(context: dg.AssetExecutionContext, what: str) -> Callable[[EncodeProgress], None]:
    """A callback for an index build that logs texts, tokens a second and ETA every ten seconds and at the end."""
    last = time.monotonic()
    ended = False

    def report(progress: EncodeProgress) -> None:
        nonlocal last, ended
        at_end = progress.texts >= progress.total_texts
        if ended or (time.monotonic() - last < INTERVAL_S and not at_end):
            return
        last, ended = time.monotonic(), at_end
        context.log.info(
            f"{what}: {progress.texts:,}/{progress.total_texts:,} texts, {progress.tokens_per_second:,.0f} tokens/s, "
            f"ETA {clock(progress.eta_seconds if progress.eta_seconds is not None else float('inf'))}"
        )

    return report
