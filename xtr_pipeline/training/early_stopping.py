"""When to stop, decided by measurements on dev."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class EarlyStopping:
    """The best measurement so far and how long it has stood.

    Attributes:
        best: Highest value so far, None before the first.
        best_step: Step at which it was measured; 0 is the start.
        waited: Measurements since then that did not improve on it.
    """

    best: float | None = None
    best_step: int = 0
    waited: int = 0

    def after(self, step: int, value: float, least_gain: float) -> EarlyStopping:
        """The state after one more measurement (higher is better; a tie keeps the earlier one).

        Raises:
            ValueError: When the measurement is not a finite number.
        """
        if not math.isfinite(value):
            raise ValueError(f"dev gave {value} at step {step}: it must return a finite number, higher is better")
        if self.best is None or value > self.best + least_gain:
            return EarlyStopping(best=value, best_step=step, waited=0)
        return replace(self, waited=self.waited + 1)
