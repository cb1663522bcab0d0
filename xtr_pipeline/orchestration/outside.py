"""Versions of what lies outside the graph: registry entries, ledger files, recipes, specs, settings, thresholds."""

import hashlib
from functools import cache
from pathlib import Path

from xtr_pipeline.corpus.fetch_errors import FetchError
from xtr_pipeline.corpus.registry import source_fingerprint
from xtr_pipeline.encoder.base_choice import base_version
from xtr_pipeline.evaluation.gate import Thresholds
from xtr_pipeline.orchestration.incumbent import incumbent_fingerprint
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.versions import Outside, digest
from xtr_pipeline.retrieval.settings import search_settings


def outside_versions(project: Project) -> Outside:
    """For each asset that reads something outside the graph: the version of that, by partition."""
    registry = project.registry()
    settings = project.settings()
    search = search_settings()
    # early stopping looks at dev with the salience that searches have
    shape = (settings.head_dim, settings.probe_units, search["weights"]["salience"])

    @cache
    def source(partition: str | None) -> str:
        try:
            return source_fingerprint(registry.get(str(partition)))
        except FetchError as error:
            # a folder that is gone makes its own partition due, where it fails by name; the others go on
            return f"unreadable: {error}"

    def shard(kind: str, partition: str | None) -> str:
        return file_digest(project.files.ledger / kind / f"{partition}.jsonl")

    return {
        "source_tree": source,
        "code_units": source,
        "base_encoder": lambda _: base_version(project.files.model_settings),
        "queries": lambda partition: shard("queries", partition),
        "candidate_pool": lambda partition: shard("grades", partition),
        "judgments": lambda partition: shard("grades", partition),
        "training_set": lambda _: digest(*(shard("grades", name) for name in registry.names("train"))),
        "docstring_checkpoint": lambda _: digest(settings.docstring.fingerprint(), shape),
        "xtr_checkpoint": lambda _: digest(settings.judged.fingerprint(), shape),
        "token_index": lambda _: incumbent_fingerprint(project),
        "retrieval_metrics": lambda _: digest(search, *(file_digest(path) for path in project.files.specs)),
        "error_analysis": lambda _: digest(search),
        "metrics_report": lambda _: digest(settings.promotable, Thresholds()),
    }


def file_digest(path: Path) -> str:
    """Sha256 of a file, or `absent`."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "absent"
