"""A whole project in a temporary folder: four small repositories, a ledger, specs, a tiny encoder, tiny recipes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from xtr_pipeline.corpus.cutting import cut_tree
from xtr_pipeline.judge.ledger import append_grades, append_queries
from xtr_pipeline.judge.records import query_id
from xtr_pipeline.orchestration import profiles
from xtr_pipeline.orchestration.assets import training
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.training.recipe import DOCSTRING, JUDGED, Recipe

TINY_BERT = Path(__file__).parents[1] / "encoder" / "fixtures" / "tiny_bert"
ROLES = {"alpha": "train", "beta": "train", "gamma": "dev", "delta": "eval"}

FILES = {
    "store/cache.py": '''
import time

def drop_old_entries(cache, now):
    """Remove every entry of the cache that is past its date."""
    for key, entry in list(cache.items()):
        if entry.expires < now:
            del cache[key]
    cache.last_sweep = now
    return cache


def remember(cache, key, value):
    """Keep a value under its key until an hour has passed."""
    cache[key] = (value, time.time() + 3600)
    if len(cache) > 100:
        drop_old_entries(cache, time.time())
''',
    "net/client.py": '''
class Client:
    """Talks to one server and keeps the connection open between requests."""

    def __init__(self, host):
        self.host = host

    def fetch_with_retry(self, url, attempts):
        """Download a page, waiting longer after every failed attempt."""
        for attempt in range(attempts):
            try:
                return self.download(url)
            except TimeoutError:
                pause(2 ** attempt)
        raise GaveUp(url)
''',
    "text/headers.py": '''
def parse_header(line):
    """Split a header line into its lower-case name and its value."""
    name, _, value = line.partition(":")
    if not value:
        raise BadHeader(line)
    return name.strip().lower(), value.strip()


def join_lines(lines):
    """Put the lines of a message together, folding the long ones."""
    folded = [fold(line) for line in lines]
    return "\\r\\n".join(folded)
''',
}
SPEC = [
    {"id": "d-1", "kind": "conceptual", "query": "forgetting what is too old", "relevant": ["store/cache.py"]},
    {
        "id": "d-2",
        "kind": "question",
        "query": "how are pages loaded when the line is bad",
        "relevant": ["net/client.py"],
    },
]
KEYWORD_SPEC = [{"id": "d-3", "kind": "keyword", "query": "parse header line", "relevant": ["text/headers.py"]}]


def tiny(recipe: Recipe) -> Recipe:
    """A few steps on a few tokens."""
    return replace(
        recipe,
        steps=6,
        epochs=6.0,
        query_length=16,
        document_length=32,
        batch_tokens=512,
        tile_tokens=128,
        dev_every=3,
        save_every=2,
        learning_rate=1e-3,
    )


def small_project(folder: Path, monkeypatch: pytest.MonkeyPatch, *, promotable: bool = True) -> Project:
    """Write the project and make its profile and its base encoder known."""
    root = folder / "project"
    for name in ROLES:
        for path, text in FILES.items():
            target = root / "code" / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f'"""Part of {name}."""\n{text}')
    (root / "data").mkdir()
    (root / "data" / "repos.toml").write_text("\n".join(_entry(name, role) for name, role in ROLES.items()))
    (root / "eval").mkdir()
    (root / "eval" / "reserved.txt").write_text("forbidden\n")
    for name, spec in (("semantic", SPEC), ("code", KEYWORD_SPEC)):
        (root / "eval" / f"{name}_queries.json").write_text(json.dumps([{**query, "repo": "delta"} for query in spec]))
    for name, role in ROLES.items():
        if role != "eval":
            _judge(root, name)
    profile = profiles.Profile(
        name="small",
        repos=None,
        docstring=tiny(DOCSTRING),
        judged=tiny(JUDGED),
        head_dim=8,
        probe_units=50,
        promotable=promotable,
    )
    monkeypatch.setitem(profiles.PROFILES, "small", profile)
    monkeypatch.setattr(training, "fetch_base_encoder", _copy_tiny_bert)
    home = folder / "home"
    return Project(
        root=str(root),
        home=str(home),
        downloads=str(home / "downloads"),
        storage=str(home / "storage"),
        profile="small",
    )


def _entry(name: str, role: str) -> str:
    return (
        f'[[repo]]\nname = "{name}"\nrole = "{role}"\nsource = {{ type = "path", path = "../code/{name}" }}\n'
        'roots = ["."]\nexcludes = []\nlicence = "MIT"\n'
    )


def _copy_tiny_bert(folder: Path, downloads: Path) -> Path:
    shutil.copytree(TINY_BERT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("1_Dense", "modules.json"))
    return folder


def _judge(root: Path, repo: str) -> None:
    """Two queries with the whole corpus as their pool; the words differ by repository, as real ones do."""
    units = cut_tree(root / "code" / repo, repo, "local", (".",), ()).units
    asked = {
        f"throwing away what has expired in {repo}": "store/cache.py",
        f"loading again after a broken line in {repo}": "net/client.py",
    }
    for query, path in asked.items():
        source = units.filter(units["path"] == path).sort("start_line").row(-1, named=True)
        place = {name: source[name] for name in ("path", "symbol", "start_line", "end_line")}
        common = {"repo": repo, "version": "local", "date": "2026-01-01", "prompt_version": "t1"}
        record = {"query_id": query_id(repo, query), "kind": "conceptual", "query": query, "writer": "someone"}
        overlap = {"path": 0.0, "names": 0.0, "body": 0.0}
        append_queries(
            root / "data" / "judgments",
            [{**common, **record, **place, "unit_hash": source["content_hash"], "overlap": overlap}],
        )
        append_grades(root / "data" / "judgments", [_grade(record, common, unit, source) for unit in units.to_dicts()])


def _grade(
    record: dict[str, str], common: dict[str, str], unit: dict[str, object], source: dict[str, object]
) -> dict[str, object]:
    right = unit["unit_id"] == source["unit_id"]
    place = {name: unit[name] for name in ("path", "symbol", "start_line", "end_line")}
    return {
        **common,
        **place,
        "query_id": record["query_id"],
        "unit_hash": unit["content_hash"],
        "grade": 5 if right else 3 if unit["path"] == source["path"] else 1,
        "expected_grade": None,
        "reason": "does it" if right else "does something else",
        "judge": "someone",
        "judging": 1,
        "rubric_version": "r1",
        "position": 1,
        "proposed_by": {"source": 1} if right else {"bm25": 2},
    }
