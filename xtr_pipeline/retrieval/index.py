"""Building the token index: only texts that no earlier index of the same model holds are encoded."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from pathlib import Path

import polars as pl

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.retrieval.build_lock import build_lock
from xtr_pipeline.retrieval.encode_journal import EncodeJournal
from xtr_pipeline.retrieval.index_storage import IndexUnreadableError, load_index
from xtr_pipeline.retrieval.index_writing import write_index
from xtr_pipeline.retrieval.progress import OnProgress, ProgressTracker
from xtr_pipeline.retrieval.row_source import index_as_source, locate
from xtr_pipeline.retrieval.slab_encoding import SLAB_TEXTS, EncodingError, encode_into
from xtr_pipeline.retrieval.text_encoder import TextEncoder
from xtr_pipeline.retrieval.token_index import TokenIndex, content_key, hash_text

__all__ = ["EncodingError", "TokenIndex", "build_index", "drop_other_models"]

logger = logging.getLogger(__name__)


def build_index(
    units: pl.DataFrame,
    encoder: TextEncoder,
    cache: Path,
    on_progress: OnProgress | None = None,
    slab_texts: int = SLAB_TEXTS,
) -> TokenIndex:
    """Gives the token index of the units, from the cache as far as it reaches.

    The cache belongs to one corpus (a repository, a folder): for every model it keeps one index, that of the latest
    units. Rows of units that are gone are dropped with the index that held them. A build that is killed leaves its
    finished slabs, and the next build of the same model starts from them. Two processes may build at once: the
    second waits.

    Args:
        units: Code units, and outlines of files (`corpus.units.UNIT_SCHEMA`), unit ids unique.
        encoder: Encodes what the cache does not hold.
        cache: Folder of this corpus; made if absent.
        on_progress: Hears how far the encode is; never called when there is nothing to encode.
        slab_texts: Texts between two checkpoints.

    Raises:
        ValueError: No units, or unit ids that are not unique.
        EncodingError: The encoder's output does not fit its input or is not finite.
    """
    units = _checked(units)
    texts = render_units(units)
    unit_ids = tuple(units["unit_id"])
    hashes = tuple(hash_text(text) for text in texts)
    model = encoder.fingerprint  # taken once: an encoder may hash all its weights for it
    shelf = cache / model[:16]
    target = shelf / content_key(model, unit_ids, hashes)[:24]
    with build_lock(shelf):
        kept = _readable_indexes(shelf, model)
        if target not in kept:
            journal = EncodeJournal(shelf / "unfinished")
            earlier = [index_as_source(index) for index in kept.values()]
            there = locate([*earlier, *journal.slabs()])
            wanted = dict(zip(hashes, texts, strict=True))
            missing = {text_hash: text for text_hash, text in wanted.items() if text_hash not in there}
            tracker = ProgressTracker.over(missing, len(wanted) - len(missing), on_progress)
            encode_into(journal, missing, encoder, tracker, slab_texts)
            write_index(target, unit_ids, hashes, [*earlier, *journal.slabs()], model)
        _keep_only(target)
        return load_index(target)


def drop_other_models(cache: Path, keep: Collection[str]) -> list[Path]:
    """Deletes a corpus's indexes of models whose fingerprints are not in `keep`; gives the deleted folders."""
    if not cache.is_dir():
        return []
    shelves = {fingerprint[:16] for fingerprint in keep}
    outdated = sorted(folder for folder in cache.iterdir() if folder.is_dir() and folder.name not in shelves)
    for folder in outdated:
        shutil.rmtree(folder)
    return outdated


def _checked(units: pl.DataFrame) -> pl.DataFrame:
    """Sorts units by id; raises ValueError where there are none or ids occur twice."""
    if units.is_empty():
        msg = "there are no code units to index"
        raise ValueError(msg)
    twice = units.filter(pl.col("unit_id").is_duplicated())["unit_id"].unique().sort()
    if len(twice):
        msg = f"{len(twice)} unit ids occur more than once, first {twice[0]}"
        raise ValueError(msg)
    return units.sort("unit_id")


def _keep_only(target: Path) -> None:
    """Removes the other indexes of the same model, and the journal of the build that has just ended."""
    for folder in target.parent.iterdir():
        if folder.is_dir() and folder != target:
            shutil.rmtree(folder)


def _readable_indexes(shelf: Path, model: str) -> dict[Path, TokenIndex]:
    """Opens the finished indexes of one model; a damaged one is removed with a warning, it can be built again."""
    found = {}
    for folder in sorted(shelf.iterdir()):
        if folder.name.endswith(".draft"):
            # the lock is ours, so whoever wrote this draft was killed
            shutil.rmtree(folder)
        elif folder.is_dir() and folder.name != "unfinished":
            try:
                index = load_index(folder)
            except IndexUnreadableError as error:
                logger.warning("%s", error)
                shutil.rmtree(folder)
                continue
            if index.model == model:
                found[folder] = index
    return found
