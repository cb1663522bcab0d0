"""Putting an index together from rows that are already encoded, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xtr_pipeline.retrieval.index_storage import VECTORS_FILE, new_folder, offsets_from_lengths, write_description
from xtr_pipeline.retrieval.row_source import RowSource, locate


def write_index(
    folder: Path,
    unit_ids: tuple[str, ...],
    text_hashes: tuple[str, ...],
    sources: Sequence[RowSource],
    model: str,
) -> None:
    """Writes the index of the given units, every row copied from the source that holds its text.

    Holds one source's vectors in memory at a time. Written with plain file writes and not through a memory map: a
    full disk must be an error and not a killed process.

    Raises:
        KeyError: No source holds one of the texts.
    """
    where = locate(sources)
    places = [where[text_hash] for text_hash in text_hashes]
    lengths = [
        int(sources[number].offsets[position + 1] - sources[number].offsets[position]) for number, position in places
    ]
    offsets = offsets_from_lengths(lengths)
    with new_folder(folder) as draft:
        _write_vectors(draft / VECTORS_FILE, places, offsets, sources)
        write_description(draft, unit_ids, text_hashes, np.asarray(lengths), model)


def _write_vectors(
    file: Path, places: list[tuple[int, int]], offsets: np.ndarray, sources: Sequence[RowSource]
) -> None:
    """Writes the `(tokens, dim)` float16 array of an .npy file source by source, each row at its own place."""
    units_of: dict[int, list[int]] = {}
    for unit, (number, _) in enumerate(places):
        units_of.setdefault(number, []).append(unit)
    with file.open("wb") as out:
        begin_of_data = row_bytes = 0
        for number, units in units_of.items():
            vectors, source_offsets = sources[number].read_vectors(), sources[number].offsets
            if not begin_of_data:
                header = {"descr": "<f2", "fortran_order": False, "shape": (int(offsets[-1]), int(vectors.shape[1]))}
                np.lib.format.write_array_header_1_0(out, header)
                begin_of_data, row_bytes = out.tell(), 2 * int(vectors.shape[1])
            for unit in units:
                position = places[unit][1]
                rows = vectors[source_offsets[position] : source_offsets[position + 1]]
                out.seek(begin_of_data + int(offsets[unit]) * row_bytes)
                out.write(np.ascontiguousarray(rows, dtype="<f2").tobytes())
