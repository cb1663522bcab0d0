"""Offline batches: requests as files that any judge can answer, a service by the thousand or a reader by the dozen.

A batch is three files. `batch-001.jsonl` holds the requests in the format of OpenAI's Batch API (custom_id, method,
url,
body). `batch-001.md` holds the same requests for reading: the instructions once, then each request's user text.
`batch-001.manifest.jsonl` holds what an import needs to read the answers; it holds no source code.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtr_pipeline.judge.chat_body import ChatSettings, chat_body, opening
from xtr_pipeline.judge.requests import Request

CHAT_URL = "/v1/chat/completions"
PER_BATCH = 20

_BATCH_NAME = re.compile(r"batch-(\d+)\.manifest\.jsonl\Z")


@dataclass(frozen=True)
class Exported:
    """What an export wrote: request files, requests, requests that the folder held already, secrets by type."""

    files: tuple[Path, ...]
    requests: int
    repeated: int
    redacted: dict[str, int]


class BatchError(ValueError):
    """A manifest is missing or damaged; the message names every file and line."""


def export_requests(
    requests: Iterable[Request], out: Path, settings: ChatSettings, per_batch: int = PER_BATCH
) -> Exported:
    """Write the requests that `out` does not hold yet, `per_batch` a batch, numbered on from what is there."""
    fresh, repeated = _not_held(requests, out)
    files = []
    for number, start in enumerate(range(0, len(fresh), per_batch), start=_next_number(out)):
        files.append(_write_batch(out, f"batch-{number:03d}", fresh[start : start + per_batch], settings))
    return Exported(tuple(files), len(fresh), repeated, secrets_by_type(fresh))


def add_to_manifest(requests: Iterable[Request], out: Path) -> None:
    """Write only what reading their answers needs, for requests that are asked over HTTP instead of from a file."""
    fresh, _ = _not_held(requests, out)
    if fresh:
        _write_manifest(out, f"batch-{_next_number(out):03d}", fresh)


def secrets_by_type(requests: Iterable[Request]) -> dict[str, int]:
    """How many secrets were taken out of the requests, by type."""
    redacted: Counter[str] = Counter()
    for request in requests:
        redacted.update(request.redacted)
    return dict(sorted(redacted.items()))


def _not_held(requests: Iterable[Request], out: Path) -> tuple[list[Request], int]:
    """The requests, each once, that the folder's manifests do not list, and how many they do."""
    out.mkdir(parents=True, exist_ok=True)
    held = {entry["custom_id"] for entry in held_entries(out)}
    fresh: list[Request] = []
    repeated = 0
    for request in requests:
        if request.custom_id in held:
            repeated += 1
            continue
        held.add(request.custom_id)
        fresh.append(request)
    return fresh, repeated


def _next_number(out: Path) -> int:
    return 1 + max((int(_BATCH_NAME.search(path.name).group(1)) for path in _manifests(out)), default=0)  # type: ignore[union-attr]


def batch_line(request: Request, settings: ChatSettings) -> dict[str, Any]:
    """One request in OpenAI's Batch format, asking for an answer that follows the request's schema."""
    return {
        "custom_id": request.custom_id,
        "method": "POST",
        "url": CHAT_URL,
        "body": chat_body(request, opening(request), settings),
    }


def markdown(name: str, requests: Sequence[Request]) -> str:
    """A batch for reading; all its requests are of one export, and so have the same instructions."""
    parts = [
        f"# {name}: {len(requests)} requests ({requests[0].task})",
        f"Answer in `{name}.answers.jsonl` beside this file, one line a request, each a JSON object:\n\n"
        '    {"custom_id": "<the id in the request\'s heading>", "content": <the JSON answer described below>}\n\n'
        f"`xtr judge import --kind {requests[0].task} --judge NAME --dry-run {name}.answers.jsonl`"
        " names every answer that would be refused, and why.",
        "# Instructions, the same for every request",
        requests[0].system,
    ]
    for number, request in enumerate(requests, start=1):
        parts += [f"# Request {number} of {len(requests)}: `{request.custom_id}`", request.user]
    return "\n\n".join(parts) + "\n"


def load_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Every request of the batches in `folder` by custom_id. BatchError when there is none, or a line is damaged."""
    files = _manifests(folder)
    if not files:
        raise BatchError(
            f"{folder} holds no batch-*.manifest.jsonl; answers are imported from the folder of their export"
        )
    entries: dict[str, dict[str, Any]] = {}
    problems = []
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").removesuffix("\n").split("\n"), start=1):
            try:
                entry = json.loads(line)
                entries[entry["custom_id"]] = entry
            except (json.JSONDecodeError, TypeError, KeyError) as error:
                problems.append(f"{file}:{number}: {error!r}")
    if problems:
        raise BatchError("\n".join(["damaged manifest:", *problems]))
    return entries


def held_entries(folder: Path) -> list[dict[str, Any]]:
    """The manifest entries of the batches that a folder holds; none where it holds no batch."""
    return list(load_manifest(folder).values()) if _manifests(folder) else []


def _manifests(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("batch-*.manifest.jsonl") if _BATCH_NAME.search(path.name))


def _write_batch(out: Path, name: str, requests: Sequence[Request], settings: ChatSettings) -> Path:
    """The three files of one batch; the manifest comes last, so that a batch with a manifest is complete."""
    file = out / f"{name}.jsonl"
    _write_lines(file, (batch_line(request, settings) for request in requests))
    (out / f"{name}.md").write_text(markdown(name, requests), encoding="utf-8")
    _write_manifest(out, name, requests)
    return file


def _write_manifest(out: Path, name: str, requests: Sequence[Request]) -> None:
    entries = ({"custom_id": request.custom_id, **request.entry} for request in requests)
    _write_lines(out / f"{name}.manifest.jsonl", entries)


def _write_lines(file: Path, objects: Iterable[Mapping[str, Any]]) -> None:
    partial = file.with_name(f".{file.name}.partial")
    text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects)
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
