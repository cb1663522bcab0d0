"""Progress of long steps in the run's log: at most one line every few seconds, with rate and ETA."""

import time
from collections.abc import Callable

import dagster as dg

from xtr_pipeline.pace import Pace
from xtr_pipeline.retrieval.progress import EncodeProgress

INTERVAL_S = 10.0


def log_encoding(context: dg.AssetExecutionContext, what: str) -> Callable[[EncodeProgress], None]:
    """A callback for an index build that logs texts, tokens a second and ETA every ten seconds and at the end."""
    pace = Pace(INTERVAL_S, time.monotonic())
    ended = False

    def report(progress: EncodeProgress) -> None:
        nonlocal ended
        at_end = progress.texts >= progress.total_texts
        if not ended and pace.due(time.monotonic(), surely=at_end):
            ended = at_end
            context.log.info(f"{what}: {progress.line()}")

    return report
