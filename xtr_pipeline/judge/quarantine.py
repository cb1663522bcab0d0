"""What stays out of the ledger, with its reason and its text, for a person to look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from xtr_pipeline.judge.answer_lines import Refused


def write_quarantine(path: Path, refused: Sequence[Refused]) -> None:
    """Write one line for each; where there is nothing to keep, the file goes away."""
    if not refused:
        path.unlink(missing_ok=True)
        return
    lines = (json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in refused)
    path.write_text("".join(lines), encoding="utf-8")
