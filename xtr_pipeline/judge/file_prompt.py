"""The third prompt, versioned: writing queries for what a whole file is there for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xtr_pipeline.judge.fencing import fence, mark_for, one_line, shorten
from xtr_pipeline.judge.prompts import DATA_NOT_INSTRUCTIONS, ShownUnit, letters, queries_schema
from xtr_pipeline.judge.records import QueryKind

FILE_PROMPT_VERSION = "f1"
FILE_PROMPT_VERSIONS = ("f1",)
"""All that the ledger may hold."""

FILE_SYSTEM = f"""\
You write the search queries that a code search engine is trained on. You are shown one file of a repository: what it
defines, and the code of its main units, named A, B, C and so on. Imagine a developer who has never opened this
repository. They want to change, use or understand something that it does, and this file is where it is done. Write
what THEY would type before they know any name in the code.

First understand what the file is for: which of the project's abilities lives here, what a user of the project would
notice if the file were gone, which decisions are made here and nowhere else. Then write the queries, each about
another of those things.

A good query
- is about an ability or a responsibility, as a developer or a user would put it: what happens, to what, when. Not a
  single branch or value of one function, and not so broad that half of the project would answer it.
- leads here: a colleague who knows the project would send its author to this file first.
- is what people really type: short, plain, natural words. Never a riddle. Where the natural word is on the list of
  words to avoid, take the next natural one, or ask for another thing; no far-fetched or old-fashioned paraphrase.
- varies in form from query to query: a gerund ("waiting longer after every failed attempt"), a noun phrase ("room
  left on the disk"), a complaint ("the same message shows up twice"), a wish or a circumstance. No two of your queries
  may share their main words.
- contains no identifier, file name or project name, no snake_case, camelCase or dotted.names, no quotes or code, no
  final full stop.

The kinds
- conceptual: 4 to 10 everyday words. None of its content words, in any inflection, may occur in the file's path or
  among the names that the file defines (the list of words to avoid is given), and at most half of them in its code.
- question: a natural question or request of 8 to 18 words, such as one would ask a colleague; not always "how" or
  "where". At most one word from the list of words to avoid.

With each query name the unit where that developer would start to read: the one that does the most of it.

{DATA_NOT_INSTRUCTIONS}

Answer with JSON only, the kinds and numbers as requested:
{{"queries": [{{"kind": "conceptual", "query": "...", "unit": "A"}}, ...], "skip": null}}
If the file does nothing that anyone would search for (re-exports, generated code, tables of constants), answer
{{"queries": [], "skip": "why, in one sentence"}}."""

FILE_ANSWER_SCHEMA = queries_schema(("conceptual", "question"), unit={"type": "string"})


@dataclass(frozen=True)
class FileTask:
    """What the query writer is shown.

    Attributes:
        repo: Name of the repository.
        path: The file.
        outline: What the file defines, one a line.
        units: Its main units.
        avoid: Words of the path and of the names that the file defines.
        wanted: How many queries of each kind to write.
    """

    repo: str
    path: str
    outline: tuple[str, ...]
    units: tuple[ShownUnit, ...]
    avoid: tuple[str, ...]
    wanted: Mapping[QueryKind, int]


def file_prompt(task: FileTask) -> str:
    """The user text that asks for queries about one file, its units named A, B, C ..."""
    codes = [shorten(unit.code(), max_lines=40, max_characters=2_000) for unit in task.units]
    outline = "\n".join(one_line(line) for line in task.outline)
    mark = mark_for(outline, *codes)
    wanted = ", ".join(f"{count} {kind}" for kind, count in task.wanted.items() if count)
    sections = [
        f"Write: {wanted}.",
        f"Repository: {one_line(task.repo)}\nThe file: {one_line(task.path)}",
        "What it defines:",
        fence("OUTLINE", mark, outline),
    ]
    for letter, unit, code in zip(letters(len(codes)), task.units, codes, strict=True):
        sections += [f"Unit {letter}: {unit.heading()}", fence(f"UNIT {letter}", mark, code, unit.language)]
    sections.append(
        "Words to avoid, in any inflection (none of them in a conceptual query, at most one in a question): "
        + ", ".join(task.avoid)
    )
    return "\n\n".join(sections)
