"""The first search of a folder, from starting the command to its answer, against encoding alone with PyTorch.

The other side is what a user would write with sentence-transformers: load the same model, encode the same texts to
token vectors with the library's own defaults. It neither reads the folder nor cuts, indexes or searches anything.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xtr_pipeline.bench.pairs import alternate, ratio_of
from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.code_text import split_code
from xtr_pipeline.retrieval.sources import folder_units

QUERY = "noticing that a file changed on disk"

_OURS = "from xtr_pipeline.cli.app import main; main()"
_THEIRS = """
import json, sys
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
model.max_seq_length = int(sys.argv[3])
model.encode(json.load(open(sys.argv[2])), output_value="token_embeddings", show_progress_bar=False)
"""


@dataclass(frozen=True)
class Folder:
    """A folder of code to search: where it lies, and what is in it."""

    path: Path
    files: int
    units: int
    texts: tuple[str, ...]


def collect_files(sources: Iterable[tuple[Path, Sequence[str]]], count: int, into: Path) -> Folder:
    """Copy the first `count` source files into a folder and cut it as a search does.

    Args:
        sources: Roots, each with paths of files relative to it.
        count: How many files.
        into: A new folder.

    Raises:
        ValueError: There are not as many files.
    """
    copied = 0
    for root, paths in sources:
        for path in paths[: count - copied]:
            target = into / root.name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, target)
            copied += 1
    if copied < count:
        raise ValueError(f"{count} files are wanted and {copied} are there: fetch more repositories, or ask for fewer")
    units = folder_units(into)
    return Folder(into, copied, units.height, tuple(render_units(with_outlines(units))))


def cold_start(
    model: Path, folder: Folder, document_length: int, *, pairs: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Both sides in turn, each in a new process and ours with an empty cache.

    Args:
        model: A checkpoint without a head, which both sides load.
        folder: What is searched.
        document_length: Tokens of a text, special tokens included.
        pairs: Timings of each side.
        tell: Hears each timing.

    Raises:
        RuntimeError: A side failed; the message ends with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="xtr-cold-") as temporary:
        texts = Path(temporary, "texts.json")
        texts.write_text(json.dumps([split_code(text) for text in folder.texts]), encoding="utf-8")

        def ours(number: int) -> float:
            own = {"XTR_CACHE": str(Path(temporary, f"cache-{number}"))}
            search = ["search", QUERY, "--root", str(folder.path), "--model-path", str(model)]
            return _timed("xtr search", [sys.executable, "-c", _OURS, *search], own, tell)

        def theirs(_: int) -> float:
            encode = [sys.executable, "-c", _THEIRS, str(model), str(texts), str(document_length)]
            return _timed("sentence-transformers", encode, {}, tell)

        ratio = ratio_of(*alternate(ours, theirs, pairs, warm_up=0))
    return {**asdict(ratio), "files": folder.files, "units": folder.units, "texts": len(folder.texts)}


def _timed(name: str, command: list[str], environment: dict[str, str], tell: Callable[[str], None]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed with exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    tell(f"cold start: {name} {seconds:.1f} s")
    return seconds
