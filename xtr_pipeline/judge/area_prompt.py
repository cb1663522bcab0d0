"""The fourth prompt, versioned: writing queries for a project's abilities, seen in an area of neighbouring files.

Whoever reads one unit, or one file, asks for what is in front of them. Whoever knows a project asks for what it can do,
in words of their own, and has to say it so that the right one of several files answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xtr_pipeline.judge.fencing import fence, mark_for, one_line, shorten
from xtr_pipeline.judge.prompts import DATA_NOT_INSTRUCTIONS, ShownUnit, letters, queries_schema
from xtr_pipeline.judge.records import QueryKind

AREA_PROMPT_VERSION = "a1"
AREA_PROMPT_VERSIONS = ("a1",)
"""All that the ledger may hold."""

AREA_SYSTEM = f"""\
You write the search queries that a code search engine is trained on. You are shown an area of a project: the list of
the project's files, and of neighbouring files, named A, B, C and so on, what each defines and the code of its main
units, named A1, A2 and so on. People who work with this project type queries into its code search. Write what they
type.

First read the whole area. Make a list of what the project can do here: abilities, guarantees, cases that are taken
care of, decisions. Then choose as many different ones as queries are wanted, spread over the files: at most two
queries with their answer in the same file; small helper files count as much as famous ones; a file of constants or
re-exports needs none.

For each, imagine one person, and write what that person would type. Change persons all the time: somebody who hit a
bug and describes what they saw; a newcomer with a ticket; a coding agent that was told what to change; a reviewer who
wonders whether some case is handled; somebody who ports the feature to another language; somebody who remembers what
it does and no name. Each has a voice of their own: terse or wordy, technical or plain. None of them tries to be
clever, and none writes riddles. Technical terms that such a person would know are welcome.

A good query
- says what the code does or is needed for, not how it is called.
- is about something that you have read in the unit that answers it.
- is fair: a colleague who knows the project agrees that this file answers it, and none of the other files shown
  answers it as well. Where one does, say what tells them apart, or ask for another thing.
- contains no identifier, file name or project name, no quotes or code, no final full stop.

The kinds
- conceptual: 4 to 10 words, no question. None of its content words, in any inflection, may occur in the path of the
  file that answers it or among the names which that file defines (words to avoid are given with each file).
- question: a question or a request of 8 to 18 words, as to a colleague. At most one such word.

With each query name the unit where that person would start to read.

{DATA_NOT_INSTRUCTIONS}

Answer with JSON only, the kinds and numbers as requested:
{{"queries": [{{"kind": "conceptual", "query": "...", "unit": "C2"}}, ...], "skip": null}}
If nothing in the area does anything that anyone would search for, answer
{{"queries": [], "skip": "why, in one sentence"}}."""

AREA_ANSWER_SCHEMA = queries_schema(("conceptual", "question"), unit={"type": "string"})


@dataclass(frozen=True)
class ShownFile:
    """A file of an area: its path, what it defines (one a line), words to avoid about it, and its main units."""

    path: str
    outline: tuple[str, ...]
    avoid: tuple[str, ...]
    units: tuple[ShownUnit, ...]


@dataclass(frozen=True)
class AreaTask:
    """What the query writer is shown.

    Attributes:
        repo: Name of the repository.
        paths: The project's files.
        files: The files of the area.
        wanted: How many queries of each kind to write.
    """

    repo: str
    paths: tuple[str, ...]
    files: tuple[ShownFile, ...]
    wanted: Mapping[QueryKind, int]


def unit_letters(file: str, count: int) -> tuple[str, ...]:
    """The names of the units of a file that goes by a letter: A1, A2, A3 ..."""
    return tuple(f"{file}{number}" for number in range(1, count + 1))


def area_prompt(task: AreaTask) -> str:
    """The user text that asks for queries about one area."""
    codes = [[shorten(unit.code(), max_lines=30, max_characters=1_500) for unit in file.units] for file in task.files]
    outlines = ["\n".join(one_line(line) for line in file.outline) for file in task.files]
    paths = "\n".join(one_line(path) for path in task.paths)
    headings = [unit.heading() for file in task.files for unit in file.units]
    mark = mark_for(paths, *headings, *outlines, *(code for of_file in codes for code in of_file))
    wanted = ", ".join(f"{count} {kind}" for kind, count in task.wanted.items() if count)
    sections = [
        f"Write: {wanted}.",
        f"Repository: {one_line(task.repo)}\nIts files:",
        fence("FILES", mark, paths),
    ]
    for letter, file, outline, of_file in zip(letters(len(task.files)), task.files, outlines, codes, strict=True):
        sections += [f"File {letter}: {one_line(file.path)}", fence(f"OUTLINE {letter}", mark, outline)]
        for name, unit, code in zip(unit_letters(letter, len(of_file)), file.units, of_file, strict=True):
            sections += [f"Unit {name}: {unit.heading()}", fence(f"UNIT {name}", mark, code, unit.language)]
        sections.append(f"Words to avoid, in any inflection, where file {letter} answers: {', '.join(file.avoid)}")
    return "\n\n".join(sections)
