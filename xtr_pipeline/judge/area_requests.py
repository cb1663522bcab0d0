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
from xtr_pipeline.judge.overlap import words_to_avoid
from xtr_pipeline.judge.prompts import letters
from xtr_pipeline.judge.records import QueryKind, area_hash
from xtr_pipeline.judge.redaction import redact
from xtr_pipeline.judge.requests import Request, lettered, names_of, shown_digest, shown_unit, unit_lines, words_of_file
from xtr_pipeline.judge.sampling import Sampling, shuffled, substantial

AREA_FILES = 8
LEAST_FILES = 3
SHOWN_UNITS = 5
OUTLINE_LINES = 40
LISTED_PATHS = 150

Area = tuple[str, ...]


def sample_areas(units: pl.DataFrame, seed: int, taken: Collection[str] = (), most: int = AREA_FILES) -> list[Area]:
    """Areas of one repo in an order drawn from the seed: at most `most` substantial files, neighbours by path.

    Files in `taken` are in none, and areas never reach across one, so that a file that is added moves borders around
    itself alone. What lies between taken files counts from `LEAST_FILES` files on, or from all that the repo has where
    these are fewer: an area of which two files got no query is not asked about once more for their sake.
    """
    paths = sorted(sample_files(units, seed))
    least = min(LEAST_FILES, len(paths), most)
    runs = itertools.groupby(paths, key=lambda path: path in taken)
    left = [run for run in (tuple(run) for was_taken, run in runs if not was_taken) if len(run) >= least]
    areas = {area[0]: area for run in left for area in _split(run, most)}
    return [areas[first] for first in shuffled(list(areas), seed, "area")]


def _split(run: Area, most: int) -> Iterator[Area]:
    """A run of files in as few parts of at most `most` as there can be, and as even."""
    count = math.ceil(len(run) / most)
    bounds = [round(len(run) * number / count) for number in range(count + 1)]
    return (run[start:end] for start, end in itertools.pairwise(bounds))


def area_requests(units: pl.DataFrame, areas: Sequence[Area]) -> Iterator[Request]:
    """One request for every area; `units` are all of the repo's units."""
    sizes = dict(substantial(units, Sampling()).select("unit_id", "code_lines").iter_rows())
    paths = sorted(units["path"].unique().to_list())
    for area in areas:
        in_files = [units.filter(pl.col("path") == path).sort("start_line", "unit_id").to_dicts() for path in area]
        main = [main_units(rows, sizes, SHOWN_UNITS) for rows in in_files]
        yield _area_request(_around(paths, area), in_files, main)


def _around(paths: Sequence[str], area: Area) -> tuple[str, ...]:
    """The project's paths, of many those nearest to the area, what is left out marked."""
    first = max(0, min(paths.index(area[0]) - LISTED_PATHS // 2, len(paths) - LISTED_PATHS))
    return _marked(paths[first : first + LISTED_PATHS], len(paths))


def _outline(rows: Sequence[Mapping[str, Any]], main: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What a file defines, one a line; of a long file the units that are shown and the first others."""
    shown = {row["unit_id"] for row in main}
    others = [row["unit_id"] for row in rows if row["unit_id"] not in shown]
    listed = shown | set(others[: OUTLINE_LINES - len(shown)])
    return _marked(unit_lines([row for row in rows if row["unit_id"] in listed]), len(rows))


def _marked(lines: Sequence[str], count: int) -> tuple[str, ...]:
    left_out = count - len(lines)
    return (*lines, f"[... {left_out} more not listed]") if left_out else tuple(lines)


def wanted_of(files: int) -> dict[QueryKind, int]:
    """How many queries of each kind are asked for about so many files."""
    return {"conceptual": files, "question": math.ceil(files / 2)}


def _area_request(
    paths: tuple[str, ...],
    in_files: Sequence[Sequence[Mapping[str, Any]]],
    shown: Sequence[Sequence[Mapping[str, Any]]],
) -> Request:
    repo, version = in_files[0][0]["repo"], in_files[0][0]["version"]
    wanted = wanted_of(len(in_files))
    area, names = [rows[0]["path"] for rows in in_files], [names_of(rows) for rows in in_files]
    files = tuple(
        ShownFile(
            path=path,
            outline=_outline(rows, main),
            avoid=words_to_avoid(path, defined),
            units=tuple(shown_unit(row) for row in main),
        )
        for path, defined, rows, main in zip(area, names, in_files, shown, strict=True)
    )
    user = redact(area_prompt(AreaTask(repo=repo, paths=paths, files=files, wanted=wanted)))
    named = letters(len(files))
    units = [
        {"file": file, **lettered(letter, row)}
        for file, main in zip(named, shown, strict=True)
        for letter, row in zip(unit_letters(file, len(main)), main, strict=True)
    ]
    # other files, and other letters for the same units, are other questions too
    digest = shown_digest(f"{unit['letter']} {unit['unit_hash']}" for unit in units)
    return Request(
        custom_id=f"area-{repo}-{area_hash(repo, area)[:16]}-{digest}-{AREA_PROMPT_VERSION}",
        task="queries",
        system=AREA_SYSTEM,
        user=user.text,
        schema=AREA_ANSWER_SCHEMA,
        manifest={
            "repo": repo,
            "version": version,
            "paths": area,
            "prompt_version": AREA_PROMPT_VERSION,
            "wanted": wanted,
            "units": units,
            "files": {
                letter: words_of_file(path, defined) for letter, path, defined in zip(named, area, names, strict=True)
            },
        },
        redacted=user.found,
    )
