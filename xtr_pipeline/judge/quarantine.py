"""What stays out of the ledger, with its reason and its text, for a person to look at."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path

from xtr_pipeline.judge.answer_lines import Refused


def write_quarantine(path: Path, refused: Sequence[Refused], asked: Collection[str] | None = None) -> None:
    """Write one line for each; where there is nothing to keep, the file goes away.

    Args:
        path: The file.
        refused: What was refused.
        asked: Ids of the requests that `refused` is about; what the file says of others stays. None: nothing stays.
    """
    lines = [] if asked is None or not path.exists() else path.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if json.loads(line)["custom_id"] not in (asked or ())]
    lines += [json.dumps(asdict(each), ensure_ascii=False) for each in refused]
    if lines:
        # half of a surrogate pair stays as JSON spells it
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="backslashreplace")
    else:
        path.unlink(missing_ok=True)
