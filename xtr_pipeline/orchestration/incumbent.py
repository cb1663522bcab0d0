"""The model that a candidate is measured against: what is promoted without it, or the base encoder."""

import json
from pathlib import Path

from upath import UPath

from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.storage import stored_path
from xtr_pipeline.release.promotion import promoted_folder, promotion_record, promotion_store


def incumbent_folder(project: Project) -> Path | None:
    """The checkpoint that the candidate would replace, or has replaced; None means the base encoder.

    When the candidate itself is promoted, this is the version before it: the comparison that promoted it stays the one
    that is shown, and promoting changes no input of the report.
    """
    promoted = promoted_folder(project.files.home)
    if promoted is None:
        return None
    record = promotion_record(promoted)
    if record["model_fingerprint"] != _candidate_fingerprint(project):
        return promoted
    previous = record["previous"]
    return None if previous is None else promotion_store(project.files.home) / "versions" / previous


def incumbent_fingerprint(project: Project) -> str:
    """Fingerprint of the incumbent, or `base`."""
    folder = incumbent_folder(project)
    return "base" if folder is None else str(promotion_record(folder)["model_fingerprint"])


def _candidate_fingerprint(project: Project) -> str | None:
    stored: UPath | None = stored_path(project.storage, "xtr_checkpoint", None)
    return None if stored is None else str(json.loads(stored.read_text())["fingerprint"])
