"""Live progress of encoding several repositories, on standard error."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console

from xtr_pipeline.evaluation.corpora import RepoCorpus
from xtr_pipeline.pace import Pace, clock_text
from xtr_pipeline.retrieval.progress import EncodeProgress, OnProgress

_TERMINAL_S = 0.5
_LOG_S = 10.0


class EncodingReporter:
    """Prints texts, rate and time left: rewritten in place in a terminal, a line every ten seconds in a log."""

    def __init__(
        self, console: Console, corpora: Sequence[RepoCorpus], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._names = [corpus.repo for corpus in corpora]
        self._sizes = [corpus.units.height for corpus in corpora]
        self._clock = clock
        self._pace = Pace(_TERMINAL_S if console.is_terminal else _LOG_S)

    def __call__(self, corpus: RepoCorpus) -> OnProgress:
        """The listener for one repository."""
        position = self._names.index(corpus.repo)
        done = False
        behind = sum(self._sizes[position + 1 :])

        def report(progress: EncodeProgress) -> None:
            nonlocal done
            if done:
                return
            done = finished = progress.texts == progress.total_texts
            if self._pace.due(self._clock(), surely=finished):
                self._show(self._line(position, behind, progress), stay=finished or not self._console.is_terminal)

        return report

    def _line(self, position: int, behind: int, progress: EncodeProgress) -> str:
        left = progress.eta_seconds
        rest = (
            "" if left is None or not behind else f", all repos at most {clock_text(_overall(progress, left, behind))}"
        )
        return f"encoding {self._names[position]} ({position + 1}/{len(self._names)}): {progress.line()}{rest}"

    def _show(self, line: str, *, stay: bool) -> None:
        # \x1b[K clears what a longer line left behind
        self._console.file.write(f"{line}\n" if stay else f"{line}\x1b[K\r")
        self._console.file.flush()


def _overall(progress: EncodeProgress, left: float, behind: int) -> float:
    """Time left over all repositories, as if none of those to come were cached, at the pace of this one."""
    return left + behind * (progress.seconds + left) / max(progress.total_texts, 1)
