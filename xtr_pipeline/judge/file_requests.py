"""Requests for queries about whole files: which files, and what is shown of each.

Queries about single units ask for corners of a project; what people search for is more often what a whole file is
there for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from xtr_pipeline.judge.file_prompt import (
    FILE_ANSWER_SCHEMA,
    FILE_PROMPT_VERSION,
    FILE_SYSTEM,
    FileTask,
    file_prompt,
)
from xtr_pipeline.judge.overlap import words_to_avoid
from xtr_pipeline.judge.prompts import letters
from xtr_pipeline.judge.records import QueryKind, file_hash
from xtr_pipeline.judge.redaction import redact
from xtr_pipeline.judge.requests import Request, lettered, names_of, shown_digest, shown_unit, unit_lines, words_of_file
from xtr_pipeline.judge.sampling import Sampling, shuffled, substantial

SHOWN_UNITS = 8
OUTLINE_LINES = 60
LEAST_LINES = 25
"""Statement lines of a file's substantial units; below, a file is seldom a place of its own."""
WANTED: Mapping[QueryKind, int] = {"conceptual": 2, "question": 1}


def sample_files(units: pl.DataFrame, seed: int, taken: Collection[str] = ()) -> list[str]:
    """Paths of the substantial files of one repo in an order drawn from the seed, without those `taken`."""
    substance = substantial(units, Sampling()).group_by("path").agg(pl.sum("code_lines"))
    paths = substance.filter(pl.col("code_lines") >= LEAST_LINES)["path"].to_list()
    return [path for path in shuffled(paths, seed, "file") if path not in taken]


def file_requests(units: pl.DataFrame, paths: Sequence[str]) -> Iterator[Request]:
    """One request for every path; `units` are all of the repo's units."""
    sizes = dict(substantial(units, Sampling()).select("unit_id", "code_lines").iter_rows())
    for path in paths:
        in_file = units.filter(pl.col("path") == path).sort("start_line", "unit_id").to_dicts()
        yield _file_request(in_file, main_units(in_file, sizes, SHOWN_UNITS))


def main_units(in_file: Sequence[Mapping[str, Any]], sizes: Mapping[str, int], count: int) -> list[Mapping[str, Any]]:
    """The largest of a file's units by `sizes` (statement lines by unit id; those without are left out), in order."""
    main = sorted((row for row in in_file if row["unit_id"] in sizes), key=lambda row: -sizes[row["unit_id"]])
    return sorted(main[:count], key=lambda row: row["start_line"])


def _file_request(in_file: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]]) -> Request:
    repo, version, path = (in_file[0][name] for name in ("repo", "version", "path"))
    names = names_of(in_file)
    task = FileTask(
        repo=repo,
        path=path,
        outline=unit_lines(in_file)[:OUTLINE_LINES],
        units=tuple(shown_unit(row) for row in shown),
        avoid=words_to_avoid(path, names),
        wanted=WANTED,
    )
    user = redact(file_prompt(task))
    version_shown = shown_digest(row["content_hash"] for row in shown)
    return Request(
        # another version of the file is another question
        custom_id=f"file-{repo}-{file_hash(repo, path)[:16]}-{version_shown}-{FILE_PROMPT_VERSION}",
        task="queries",
        system=FILE_SYSTEM,
        user=user.text,
        schema=FILE_ANSWER_SCHEMA,
        manifest={
            "repo": repo,
            "version": version,
            "path": path,
            "prompt_version": FILE_PROMPT_VERSION,
            "wanted": dict(WANTED),
            "units": [lettered(letter, row) for letter, row in zip(letters(len(shown)), shown, strict=True)],
            "words": words_of_file(path, names),
        },
        redacted=user.found,
    )
