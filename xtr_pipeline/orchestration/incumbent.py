"""The model that a candidate is measured against: the promoted checkpoint, or the base encoder until there is one."""

import json
from pathlib import Path

from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.storage import stored_path
from xtr_pipeline.release.promotion import promoted_folder, promotion_record


def incumbent_folder(project: Project) -> Path | None:
    """The promoted checkpoint, or None when there is none.

    None, too, when it is the candidate itself: then there is nothing new to compare, and the base encoder is what
    counts.
    """
    promoted = promoted_folder(project.files.home)
    if promoted is None or promotion_record(promoted)["model_fingerprint"] == _candidate_fingerprint(project):
        return None
    return promoted


def incumbent_fingerprint(project: Project) -> str:
    """Fingerprint of the incumbent, or `base`."""
    folder = incumbent_folder(project)
    return "base" if folder is None else str(promotion_record(folder)["model_fingerprint"])


def _candidate_fingerprint(project: Project) -> str | None:
    stored = stored_path(str(project.files.storage), "xtr_checkpoint", None)
    return None if stored is None else str(json.loads(stored.read_text())["fingerprint"])
