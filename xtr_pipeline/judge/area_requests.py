"""Requests for queries about areas of a project: which files stand together, and what is shown of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from xtr_pipeline.judge.area_prompt import (
    AREA_ANSWER_SCHEMA,
    AREA_PROMPT_VERSION,
    AREA_SYSTEM,
    AreaTask,
    ShownFile,
    area_prompt,
    unit_letters,
)
from xtr_pipeline.judge.file_requests import main_units, sample_files
from xtr_pipeline.judge.overlap import unit_words, words_to_avoid
from xtr_pipeline.judge.prompts import letters
from xtr_pipeline.judge.records import QueryKind
from xtr_pipeline.judge.redaction import redact
from xtr_pipeline.judge.requests import Request, names_of, place_of, shown_digest, shown_unit, unit_lines, unit_text
from xtr_pipeline.judge.sampling import Sampling, shuffled, substantial
from xtr_pipeline.judge.words import stems

AREA_FILES = 8
SHOWN_UNITS = 5
OUTLINE_LINES = 40
AVOIDED_WORDS = 150
LISTED_PATHS = 150

Area = tuple[str, ...]


def sample_areas(units: pl.DataFrame, seed: int, taken: Collection[str] = ()) -> list[Area]:
    """Areas of one repo in an order drawn from the seed: at most `AREA_FILES` substantial files, neighbours by path.

    An area with a file in `taken` is left out, so that a new version of a repo, whose areas are cut elsewhere, is not
    asked about once more.
    """
    paths = sorted(sample_files(units, seed))
    count = math.ceil(len(paths) / AREA_FILES)
    bounds = [round(len(paths) * number / count) for number in range(count + 1)] if count else []
    areas = {paths[start]: tuple(paths[start:end]) for start, end in itertools.pairwise(bounds)}
    return [areas[first] for first in shuffled(list(areas), seed, "area") if not set(areas[first]) & set(taken)]


def area_requests(units: pl.DataFrame, areas: Sequence[Area]) -> Iterator[Request]:
    """One request for every area; `units` are all of the repo's units."""
    sizes = dict(substantial(units, Sampling()).select("unit_id", "code_lines").iter_rows())
    paths = tuple(sorted(units["path"].unique().to_list()))[:LISTED_PATHS]
    for area in areas:
        in_files = [units.filter(pl.col("path") == path).sort("start_line", "unit_id").to_dicts() for path in area]
        yield _area_request(paths, in_files, [main_units(rows, sizes, SHOWN_UNITS) for rows in in_files])


def wanted_of(files: int) -> dict[QueryKind, int]:
    """How many queries of each kind are asked for about so many files."""
    return {"conceptual": files, "question": math.ceil(files / 2)}


def _area_request(
    paths: Sequence[str],
    in_files: Sequence[Sequence[Mapping[str, Any]]],
    shown: Sequence[Sequence[Mapping[str, Any]]],
) -> Request:
    repo, version = in_files[0][0]["repo"], in_files[0][0]["version"]
    wanted = wanted_of(len(in_files))
    files = tuple(
        ShownFile(
            path=rows[0]["path"],
            outline=unit_lines(rows)[:OUTLINE_LINES],
            avoid=words_to_avoid(rows[0]["path"], names_of(rows), AVOIDED_WORDS),
            units=tuple(shown_unit(row) for row in main),
        )
        for rows, main in zip(in_files, shown, strict=True)
    )
    user = redact(area_prompt(AreaTask(repo=repo, paths=tuple(paths), files=files, wanted=wanted)))
    named = letters(len(files))
    words = [unit_words(rows[0]["path"], names_of(rows), "") for rows in in_files]
    digest = shown_digest(row["content_hash"] for main in shown for row in main)
    return Request(
        custom_id=f"area-{repo}-{digest}-{AREA_PROMPT_VERSION}",
        task="queries",
        system=AREA_SYSTEM,
        user=user.text,
        schema=AREA_ANSWER_SCHEMA,
        manifest={
            "repo": repo,
            "version": version,
            "paths": [file.path for file in files],
            "prompt_version": AREA_PROMPT_VERSION,
            "wanted": wanted,
            "units": [
                {"letter": letter, "file": file, **place_of(row), "body": sorted(stems(unit_text(row)))}
                for file, main in zip(named, shown, strict=True)
                for letter, row in zip(unit_letters(file, len(main)), main, strict=True)
            ],
            "files": {
                letter: {"path": sorted(known.path), "names": sorted(known.names)}
                for letter, known in zip(named, words, strict=True)
            },
        },
        redacted=user.found,
    )
