"""Promotion, atomic switch and rollback.

The store lies in the run home:

    promoted/versions/0001-<fingerprint>/   complete checkpoints with model card and promotion.json
    promoted/current -> versions/0001-…     the promoted one

Readers follow `current` once and keep the resolved folder, so that a switch never changes a model that is being loaded.
"""

import json
import os
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xtr_pipeline.evaluation.gate import Verdict
from xtr_pipeline.release.checkpoint_folder import CARD, check_complete, folder_fingerprint
from xtr_pipeline.release.store_lock import store_lock

RECORD = "promotion.json"
WITHDRAWN = "withdrawn.json"


class PromotionRefusedError(RuntimeError):
    """A candidate that must not be promoted; the message lists why."""


class RollbackError(RuntimeError):
    """There is nothing to go back to."""


def promote(  # noqa: PLR0913 - what is promoted, on which grounds, where, and what is said of it
    candidate: Path,
    verdict: Verdict,
    home: Path,
    *,
    model_card: str,
    model_fingerprint: str | None = None,
    now: datetime | None = None,
) -> Path:
    """Make a copy of the candidate the promoted checkpoint.

    Whatever interrupts it, the previous checkpoint stays promoted until the very last step, a rename. Promoting what is
    already promoted changes nothing.

    Args:
        candidate: checkpoint folder in Hugging Face layout.
        verdict: the gate's verdict over this candidate.
        home: the run home.
        model_card: text of the checkpoint's README.md.
        model_fingerprint: the encoder's own fingerprint, by which a later run knows the promoted model again;
            `fingerprint` in the record is that of the folder's files.
        now: time of the promotion; the present by default.

    Returns:
        Folder of the promoted version.

    Raises:
        PromotionRefusedError: the verdict did not pass, or this very model was rolled back before.
        IncompleteCheckpointError: files of a checkpoint are missing.
        ValueError: the model card is blank.
    """
    if not verdict.passed:
        raise PromotionRefusedError("the gate refuses: " + "; ".join(verdict.reasons))
    if not model_card.strip():
        raise ValueError("the model card is blank: a checkpoint is promoted with its card or not at all")
    check_complete(candidate)
    fingerprint = folder_fingerprint(candidate)
    store = promotion_store(home)
    with store_lock(store):
        _check_not_withdrawn(store, fingerprint)
        current = promoted_folder(home)
        if current is not None and promotion_record(current)["fingerprint"] == fingerprint:
            return current
        versions = store / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        name = f"{_next_number(versions):04d}-{fingerprint[:12]}"
        record = {
            "version": name,
            "previous": current.name if current else None,
            "fingerprint": fingerprint,
            "model_fingerprint": model_fingerprint,
            "promoted_at": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
            "verdict": asdict(verdict),
        }
        draft = _write_draft(candidate, store, model_card, record)
        draft.rename(versions / name)
        _switch(store, name)
        return versions / name


def rollback(home: Path, *, now: datetime | None = None) -> Path:
    """Promote the version that was promoted before the current one.

    The version that is left is marked as withdrawn, so that the nightly job does not promote the same model again;
    deleting the mark allows it.

    Returns:
        Folder of the version that is promoted now.

    Raises:
        RollbackError: nothing is promoted, or nothing was before, or its folder is gone or incomplete.
    """
    store = promotion_store(home)
    with store_lock(store):
        current = promoted_folder(home)
        if current is None:
            raise RollbackError(f"nothing is promoted in {store}")
        previous: str | None = promotion_record(current)["previous"]
        if previous is None:
            raise RollbackError(f"{current.name} is the first promoted checkpoint: there is no previous one")
        target = store / "versions" / previous
        try:
            check_complete(target)
        except ValueError as error:
            raise RollbackError(f"cannot go back from {current.name}: {error}") from error
        # marked before the switch: interrupted in between, the worst case is a rollback that has to be asked for again
        mark = {"withdrawn_at": (now or datetime.now(UTC)).isoformat(timespec="seconds"), "for": previous}
        (current / WITHDRAWN).write_text(json.dumps(mark) + "\n", encoding="utf-8")
        _switch(store, previous)
        return target


def promoted_folder(home: Path) -> Path | None:
    """Folder of the promoted checkpoint, resolved; None when nothing is promoted.

    Raises:
        FileNotFoundError: the pointer names a version that is not there.
    """
    pointer = promotion_store(home) / "current"
    if not pointer.is_symlink():
        return None
    return pointer.resolve(strict=True)


def promotion_record(version: Path) -> dict[str, Any]:
    """The promotion.json of a version: version, previous, fingerprint, model_fingerprint, promoted_at, verdict."""
    record: dict[str, Any] = json.loads((version / RECORD).read_text(encoding="utf-8"))
    return record


def promotion_store(home: Path) -> Path:
    """Where promoted checkpoints lie in a run home."""
    return home / "promoted"


def _write_draft(candidate: Path, store: Path, model_card: str, record: dict[str, Any]) -> Path:
    draft = store / ".draft"
    # the lock is held, so whoever wrote an earlier draft was killed
    shutil.rmtree(draft, ignore_errors=True)
    # links are followed: a hub cache's snapshot is links only, and a promoted folder must stand alone
    shutil.copytree(candidate, draft, symlinks=False)
    (draft / CARD).write_text(model_card, encoding="utf-8")
    (draft / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (draft / WITHDRAWN).unlink(missing_ok=True)
    for file in draft.rglob("*"):
        if file.is_file():
            with file.open("rb") as written:
                os.fsync(written.fileno())
    return draft


def _switch(store: Path, version: str) -> None:
    pointer = store / ".current"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(Path("versions") / version, target_is_directory=True)
    pointer.replace(store / "current")


def _check_not_withdrawn(store: Path, fingerprint: str) -> None:
    for mark in sorted((store / "versions").glob(f"*/{WITHDRAWN}")):
        if promotion_record(mark.parent)["fingerprint"] == fingerprint:
            raise PromotionRefusedError(f"this model was promoted and rolled back; delete {mark} to allow it again")


def _next_number(versions: Path) -> int:
    numbers = [int(folder.name.partition("-")[0]) for folder in versions.iterdir() if folder.is_dir()]
    return max(numbers, default=0) + 1
