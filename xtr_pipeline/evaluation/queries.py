"""Evaluation queries and the spec files that hold them.

A spec is a JSON list of `{id, repo, kind, query, relevant}`; unknown keys are ignored, so that a benchmark may carry
notes. `relevant` names the files that a developer would accept, as POSIX paths inside the repo's folder.
"""

import difflib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

KINDS = ("conceptual", "question", "keyword")
"""The kinds of the project's own specs; a benchmark that is brought along may use others."""

GROUPS: Mapping[str, tuple[str, ...]] = {"semantic": ("conceptual", "question")}
"""Kinds that are reported, and gated, together."""

_TEXT_KEYS = ("id", "repo", "kind", "query")


class SpecError(ValueError):
    """A query spec that cannot be used; the message lists every problem with its cure."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        plural = "problem" if len(problems) == 1 else "problems"
        super().__init__(f"{source}: {len(problems)} {plural}\n" + "\n".join(f"  - {problem}" for problem in problems))


@dataclass(frozen=True)
class EvalQuery:
    """One evaluation query and the files that answer it, best first."""

    id: str
    repo: str
    kind: str
    query: str
    relevant: tuple[str, ...]


def load_spec(path: Path) -> tuple[EvalQuery, ...]:
    """Read a query spec.

    Raises:
        SpecError: the file is missing, is no JSON list, or has unusable entries; all of them in one message.
    """
    if not path.is_file():
        raise SpecError(str(path), ["no such file; give the path of a JSON list of {id, repo, kind, query, relevant}"])
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SpecError(str(path), [f"not JSON in UTF-8: {error}"]) from error
    return parse_spec(entries, str(path))


def parse_spec(entries: object, source: str) -> tuple[EvalQuery, ...]:
    """Turn decoded JSON into queries; `source` names the input in errors.

    Raises:
        SpecError: with every problem of every entry.
    """
    if not isinstance(entries, list) or not entries:
        raise SpecError(source, ["must be a JSON list with at least one {id, repo, kind, query, relevant}"])
    problems: list[str] = []
    for position, entry in enumerate(entries, start=1):
        problems += [f"{_entry_name(position, entry)}: {problem}" for problem in _entry_problems(entry)]
    ids = Counter(entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str))
    problems += [f"id {name!r} occurs {count} times: ids must be unique" for name, count in ids.items() if count > 1]
    if problems:
        raise SpecError(source, problems)
    return tuple(EvalQuery(**{key: e[key] for key in _TEXT_KEYS}, relevant=tuple(e["relevant"])) for e in entries)


def check_relevant(queries: Sequence[EvalQuery], corpus: Mapping[str, Collection[str]]) -> None:
    """Check that every relevant file is in the corpus that is about to be searched.

    Args:
        queries: the queries of a spec.
        corpus: repo name to the paths of its indexed files.

    Raises:
        SpecError: naming every repo and file that is not there, with the nearest path that is.
    """
    problems = [
        f"repo {repo!r} is not in the corpus; there are: {', '.join(sorted(corpus)) or 'none'}"
        for repo in dict.fromkeys(query.repo for query in queries)
        if repo not in corpus
    ]
    problems += [
        f"query {query.id!r}: {file!r} is not among the {len(paths)} files of {query.repo!r}{_nearest(file, paths)}"
        for query in queries
        if (paths := corpus.get(query.repo)) is not None
        for file in query.relevant
        if file not in paths
    ]
    if problems:
        raise SpecError("relevant files", problems)


def _entry_name(position: int, entry: object) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return f"entry {position} ({name})" if isinstance(name, str) and name.strip() else f"entry {position}"


def _entry_problems(entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return [f"is {type(entry).__name__}, must be an object with {', '.join(_TEXT_KEYS)}, relevant"]
    problems = []
    for key in _TEXT_KEYS:
        if key not in entry:
            problems.append(f"has no {key!r}: add it as a string")
        elif not isinstance(entry[key], str) or not entry[key].strip():
            problems.append(f"{key!r} is {entry[key]!r}, must be a string that is not blank")
        elif key == "repo" and (fault := _path_fault(entry[key])):
            problems.append(f"repo {entry[key]!r} {fault}")
    return problems + _relevant_problems(entry)


def _relevant_problems(entry: dict[str, Any]) -> list[str]:
    if "relevant" not in entry:
        return ["has no 'relevant': add a list of at least one path"]
    files = entry["relevant"]
    if not isinstance(files, list) or not files:
        return [f"'relevant' is {files!r}, must be a list of at least one path"]
    problems = [f"relevant {file!r} {fault}" for file in files if (fault := _path_fault(file))]
    if len({str(file) for file in files}) < len(files):
        problems.append("'relevant' names a file twice: name it once")
    return problems


def _path_fault(file: object) -> str | None:
    if not isinstance(file, str) or not file.strip():
        return "must be a path as a string that is not blank"
    path = PurePosixPath(file)
    if "\\" in file:
        return "must use forward slashes"
    if path.is_absolute() or ".." in path.parts:
        return "must be relative, without .."
    if str(path) != file:
        return f"must be written {str(path)!r}"
    return None


def _nearest(file: str, paths: Collection[str]) -> str:
    same_name = sorted(path for path in paths if PurePosixPath(path).name == PurePosixPath(file).name)
    near = same_name[:1] or difflib.get_close_matches(file, sorted(paths), n=1)
    return f" (did you mean {near[0]!r}?)" if near else "; was it excluded, or is it empty?"
