"""What makes a folder a complete Hugging Face checkpoint, and its fingerprint."""

import hashlib
import json
from pathlib import Path

CARD = "README.md"

_NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
_NEEDED_OF_A_MODULE = ("config.json", "model.safetensors")


class IncompleteCheckpointError(ValueError):
    """A folder that lacks files of a checkpoint; the message names all of them."""


def check_complete(folder: Path) -> None:
    """Check that a folder holds everything that loading it needs.

    That is the encoder's files, and those of every further module that `modules.json` names (the projection).

    Raises:
        IncompleteCheckpointError: the folder or files in it are missing, empty or unreadable.
    """
    if not folder.is_dir():
        raise IncompleteCheckpointError(f"{folder} is not a folder")
    needed = [folder / name for name in _NEEDED]
    problems = []
    try:
        needed += [folder / module / name for module in _modules(folder) for name in _NEEDED_OF_A_MODULE]
    except (ValueError, KeyError, TypeError) as error:
        problems.append(f"modules.json is unreadable ({error!r})")
    for file in needed:
        if not file.is_file():
            problems.append(f"{file.relative_to(folder)} is missing")
        elif file.stat().st_size == 0:
            problems.append(f"{file.relative_to(folder)} is empty")
    if problems:
        raise IncompleteCheckpointError(f"{folder} is no complete checkpoint: {'; '.join(problems)}")


def folder_fingerprint(folder: Path) -> str:
    """The sha256 hex over names and contents of all files but the model card.

    The card is about the model and no part of it: the same model with another card is the same model.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        if name != CARD:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{content} {name}\n".encode())
    return digest.hexdigest()


def _modules(folder: Path) -> list[str]:
    """Folders of the modules after the encoder, e.g. `1_Dense`, as sentence-transformers and PyLate write them."""
    listing = folder / "modules.json"
    if not listing.is_file():
        return []
    modules = json.loads(listing.read_text(encoding="utf-8"))
    return [entry["path"] for entry in modules if entry["path"] and entry["type"].endswith("Dense")]
