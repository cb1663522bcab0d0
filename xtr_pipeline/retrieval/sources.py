"""From units, or from a folder of code, to a searcher: the one way that the pipeline and the commands share."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.retrieval.bm25 import Bm25
from xtr_pipeline.retrieval.cache_folder import folder_cache
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.folder_excludes import folder_excludes
from xtr_pipeline.retrieval.fusion import FusionSettings
from xtr_pipeline.retrieval.index import build_index
from xtr_pipeline.retrieval.progress import OnProgress
from xtr_pipeline.retrieval.searcher import Searcher
from xtr_pipeline.retrieval.text_encoder import TextEncoder


class NoUnitsError(ValueError):
    """A folder in which there is nothing to search."""


def searcher_for_units(  # noqa: PLR0913, PLR0917 - a corpus, a model, and how the two are scored
    units: pl.DataFrame,
    encoder: TextEncoder | None,
    cache: Path | None,
    on_progress: OnProgress | None = None,
    fusion: FusionSettings | None = None,
    weights: ScoreWeights | None = None,
) -> Searcher:
    """Makes a searcher over the units of one repository.

    Args:
        units: Code units (`corpus.units.UNIT_SCHEMA`).
        encoder: The model; None gives a searcher for bm25 mode only.
        cache: Folder for this corpus's token indexes; only needed with an encoder.
        on_progress: Hears how far the encode is.
        fusion: How hybrid mode weighs its sides.
        weights: What counts besides how units match; outlines of weight 0 are not encoded.

    Raises:
        NoUnitsError: No units.
        ValueError: Unit ids that are not unique, units of several repositories, an encoder without a cache.
    """
    if units.is_empty():
        msg = "there are no code units to search"
        raise NoUnitsError(msg)
    if encoder is not None and cache is None:
        msg = "an encoder needs a cache folder for the token index"
        raise ValueError(msg)
    units = units.sort("unit_id")
    keyword = Bm25(render_units(units))
    if encoder is None or cache is None:
        return Searcher(units, None, keyword, None, fusion)
    weights = weights or ScoreWeights()
    documents = with_outlines(units) if weights.outline else units
    index = build_index(documents, encoder, cache, on_progress)
    return Searcher(units, index, keyword, encoder, fusion, weights=weights)


def searcher_for_folder(
    root: Path,
    encoder: TextEncoder | None,
    cache: Path,
    on_progress: OnProgress | None = None,
    fusion: FusionSettings | None = None,
) -> Searcher:
    """Makes a searcher over any folder of code; `folder_excludes` says what is left out of it.

    Args:
        root: The folder; paths in results are relative to it.
        encoder: The model; None gives a searcher for bm25 mode only.
        cache: The user's cache (`cache_folder.user_cache`); every folder has its own part of it.
        on_progress: Hears how far the encode is.
        fusion: How hybrid mode weighs its sides.

    Raises:
        NotADirectoryError: `root` is not a folder.
        NoUnitsError: No text file under `root` is left after the excludes.
    """
    units = folder_units(root)
    return searcher_for_units(units, encoder, folder_cache(cache, root), on_progress, fusion)


def folder_units(root: Path) -> pl.DataFrame:
    """Cuts a folder of code into units; raises as `searcher_for_folder` does."""
    if not root.is_dir():
        msg = f"{root} is not a folder"
        raise NotADirectoryError(msg)
    resolved = root.resolve()
    cut = cut_tree(resolved, resolved.name or "root", "local", (".",), folder_excludes(resolved))
    if cut.units.is_empty():
        passed_over = ", ".join(f"{count} {reason}" for reason, count in cut.report.skipped.items())
        msg = f"nothing to search under {root}: no text file is left ({passed_over or 'all excluded'})"
        raise NoUnitsError(msg)
    return cut.units
