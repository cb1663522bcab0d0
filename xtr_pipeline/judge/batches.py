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

from xtr_pipeline.judge.requests import Request

_BATCH_NAME = re.compile(r"batch-(\d+)\.manifest\.jsonl\Z")


@dataclass(frozen=True)
class BatchSettings:
    """How requests are addressed. Temperature applies to grades; query writing wants variety."""

    model: str = "gpt-4.1-mini"
    per_batch: int = 20
    grading_temperature: float = 0.0
    writing_temperature: float = 0.8
    url: str = "/v1/chat/completions"


@dataclass(frozen=True)
class Exported:
    """What an export wrote: request files, requests, requests that the folder held already, secrets by type."""

    files: tuple[Path, ...]
    requests: int
    repeated: int
    redacted: dict[str, int]


class BatchError(ValueError):
    """A manifest is missing or damaged; the message names every file and line."""


def export_requests(requests: Iterable[Request], out: Path, settings: BatchSettings) -> Exported:
    """Write the requests that `out` does not hold yet, `per_batch` a batch, numbered on from what is there."""
    out.mkdir(parents=True, exist_ok=True)
    held = set(load_manifest(out)) if _manifests(out) else set()
    fresh: list[Request] = []
    repeated = 0
    for request in requests:
        if request.custom_id in held:
            repeated += 1
            continue
        held.add(request.custom_id)
        fresh.append(request)
    first = 1 + max((int(_BATCH_NAME.search(path.name).group(1)) for path in _manifests(out)), default=0)  # type: ignore[union-attr]
    files = []
    for number, start in enumerate(range(0, len(fresh), settings.per_batch), start=first):
        files.append(_write_batch(out, f"batch-{number:03d}", fresh[start : start + settings.per_batch], settings))
    redacted: Counter[str] = Counter()
    for request in fresh:
        redacted.update(request.redacted)
    return Exported(tuple(files), len(fresh), repeated, dict(sorted(redacted.items())))


def batch_line(request: Request, settings: BatchSettings) -> dict[str, Any]:
    """One request in OpenAI's Batch format, asking for an answer that follows the request's schema."""
    temperature = settings.grading_temperature if request.task == "grades" else settings.writing_temperature
    return {
        "custom_id": request.custom_id,
        "method": "POST",
        "url": settings.url,
        "body": {
            "model": settings.model,
            "temperature": temperature,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.user},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": request.task, "strict": True, "schema": request.schema},
            },
        },
    }


def markdown(name: str, requests: Sequence[Request]) -> str:
    """A batch for reading; all its requests have the same task and so the same instructions."""
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


def _manifests(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("batch-*.manifest.jsonl") if _BATCH_NAME.search(path.name))


def _write_batch(out: Path, name: str, requests: Sequence[Request], settings: BatchSettings) -> Path:
    """The three files of one batch; the manifest comes last, so that a batch with a manifest is complete."""
    file = out / f"{name}.jsonl"
    _write_lines(file, (batch_line(request, settings) for request in requests))
    (out / f"{name}.md").write_text(markdown(name, requests), encoding="utf-8")
    _write_lines(
        out / f"{name}.manifest.jsonl",
        ({"custom_id": request.custom_id, "task": request.task, **request.manifest} for request in requests),
    )
    return file


def _write_lines(file: Path, objects: Iterable[Mapping[str, Any]]) -> None:
    partial = file.with_name(f".{file.name}.partial")
    text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects)
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
