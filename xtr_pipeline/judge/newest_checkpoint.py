"""The newest model that was trained on judgments: what it finds and BM25 does not is worth a grade."""

from __future__ import annotations

from pathlib import Path


def newest_checkpoint(home: Path) -> Path | None:
    """The folder of the checkpoint that was saved last under the run storage's `checkpoints/judged`; None without one.

    Promoted or not: a candidate that the gate refused proposes the mistakes that the next one should unlearn.
    """
    saved = (home / "checkpoints" / "judged").glob("*/model.safetensors")
    newest = max(saved, key=lambda path: (path.stat().st_mtime_ns, path.parent.name), default=None)
    return newest.parent if newest else None
