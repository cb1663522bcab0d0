"""Which encoder a project starts from: the `base` of its data/model.toml."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from xtr_pipeline.encoder.base_weights import BASE_WEIGHTS_SHA256
from xtr_pipeline.encoder.bert_config import CheckpointError

DEFAULT = "base"


def base_reference(settings: Path) -> str:
    """What `checkpoint.load_from` loads: "base", a folder (made absolute), or a hub id; "base" without a file.

    Args:
        settings: data/model.toml of a project; a relative folder in it counts from the project.

    Raises:
        CheckpointError: The file cannot be read, or holds something else.
    """
    if not settings.is_file():
        return DEFAULT
    try:
        found = tomllib.loads(settings.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{settings}: {error}") from error
    reference = found.pop("base", DEFAULT)
    if found or not isinstance(reference, str) or not reference.strip():
        wrong = ", ".join(sorted(found)) or f"base = {reference!r}"
        raise CheckpointError(f"{settings}: {wrong} cannot be used; give base = a folder, a hub id or 'base' alone")
    folder = settings.parents[1] / Path(reference).expanduser()
    return str(folder) if reference != DEFAULT and folder.is_dir() else reference


def base_version(settings: Path) -> str:
    """Identity of the base as far as it is known without loading it: what it is made of, or its hub id.

    A hub id stands for what was downloaded first: pin a folder where that is too little.
    """
    reference = base_reference(settings)
    if reference == DEFAULT:
        return BASE_WEIGHTS_SHA256
    folder = Path(reference)
    if not folder.is_dir():
        return reference
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".json", ".safetensors"}):
        digest.update(f"{path.relative_to(folder)}\n".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
