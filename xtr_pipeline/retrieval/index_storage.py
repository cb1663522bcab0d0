"""The token index on disk: a folder with vectors.npy (memory-mapped), units.parquet and index.json.

The folder appears under its name only when it is complete; it is never changed afterwards.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl

from xtr_pipeline.retrieval.token_index import TokenIndex

FORMAT = 1

VECTORS_FILE = "vectors.npy"
UNITS_FILE = "units.parquet"
MANIFEST_FILE = "index.json"


class IndexUnreadableError(RuntimeError):
    """A folder that should hold a token index and does not hold a whole one."""


def save_index(index: TokenIndex, folder: Path) -> Path:
    """Writes an index into a new folder, atomically; a folder that is already there is left as it is."""
    with new_folder(folder) as draft:
        np.save(draft / VECTORS_FILE, index.vectors)
        write_description(draft, index.unit_ids, index.text_hashes, np.diff(index.offsets), index.model)
    return folder


def load_index(folder: Path) -> TokenIndex:
    """Opens an index; the vectors stay on disk until they are used.

    Raises:
        FileNotFoundError: No such folder.
        IndexUnreadableError: Files are missing, damaged, of another format or do not fit each other.
    """
    if not folder.is_dir():
        msg = f"no token index at {folder}"
        raise FileNotFoundError(msg)
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            msg = f"format {manifest['format']} instead of {FORMAT}"
            raise ValueError(msg)
        units = pl.read_parquet(folder / UNITS_FILE)
        return TokenIndex(
            unit_ids=tuple(units["unit_id"]),
            text_hashes=tuple(units["text_hash"]),
            vectors=np.load(folder / VECTORS_FILE, mmap_mode="r"),
            offsets=offsets_from_lengths(units["tokens"].to_list()),
            model=str(manifest["model"]),
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        msg = f"the token index at {folder} cannot be read ({error}); delete the folder to have it built again"
        raise IndexUnreadableError(msg) from error


def write_description(
    folder: Path, unit_ids: tuple[str, ...], text_hashes: tuple[str, ...], lengths: np.ndarray, model: str
) -> None:
    """Writes everything but the vectors."""
    pl.DataFrame(
        {"unit_id": unit_ids, "text_hash": text_hashes, "tokens": lengths},
        schema={"unit_id": pl.String, "text_hash": pl.String, "tokens": pl.Int32},
    ).write_parquet(folder / UNITS_FILE)
    manifest = {"format": FORMAT, "model": model, "units": len(unit_ids), "tokens": int(lengths.sum())}
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def offsets_from_lengths(lengths: list[int]) -> np.ndarray:
    """Turns token counts into offsets: `(units,)` to `(units + 1,)` int64."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Gives a draft folder that takes its final name on success and vanishes on failure."""
    draft = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.draft")
    draft.mkdir(parents=True)
    try:
        yield draft
        try:
            draft.replace(folder)
        except OSError:
            # somebody else has finished the same content first; theirs is as good
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
