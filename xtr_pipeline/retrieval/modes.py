"""The ways to rank, and the one that users get when they name none."""

from __future__ import annotations

from typing import Literal, get_args

Mode = Literal["bm25", "semantic", "hybrid", "xtr"]

MODES: tuple[Mode, ...] = get_args(Mode)

# On the dev repositories keyword queries lose nothing in it (R@10 1.00 untrained) and fusing by score gains no more
# than noise: see fusion.py.
DEFAULT_MODE: Mode = "semantic"
