"""The registry that the project ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtr_pipeline.corpus.fetching import fetch_tree
from xtr_pipeline.corpus.registry import PypiSource, Registry, load_registry
from xtr_pipeline.corpus.reserved import is_reserved, load_reserved
from xtr_pipeline.corpus.selection import select_files
from xtr_pipeline.evaluation.queries import load_spec

PROJECT = Path(__file__).parents[2]
PERMISSIVE = {"MIT", "MIT-CMU", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "Unlicense"}
# eval/repos.json has one exclude in words; these files are what it means in borgbackup 1.4.5
C_BESIDE_PYX = [
    "src/borg/algorithms/checksums.c",
    "src/borg/chunker.c",
    "src/borg/compress.c",
    "src/borg/crypto/low_level.c",
    "src/borg/hashindex.c",
    "src/borg/item.c",
    "src/borg/platform/darwin.c",
    "src/borg/platform/freebsd.c",
    "src/borg/platform/linux.c",
    "src/borg/platform/posix.c",
    "src/borg/platform/syncfilerange.c",
    "src/borg/platform/windows.c",
]
EXCLUDES_IN_WORDS = {"C sources that stand beside a .pyx of the same name": C_BESIDE_PYX}


@pytest.fixture(scope="module")
def reserved() -> frozenset[str]:
    return load_reserved(PROJECT / "eval/reserved.txt")


@pytest.fixture(scope="module")
def registry(reserved: frozenset[str]) -> Registry:
    return load_registry(PROJECT / "data/repos.toml", reserved)


def test_there_are_enough_repositories_to_train_and_to_choose_on(registry: Registry):
    assert len(registry.names("train")) >= 16
    assert len(registry.names("dev")) >= 3


def test_no_train_or_dev_repository_is_reserved_or_evaluated(registry: Registry, reserved: frozenset[str]):
    for name in registry.names("train", "dev"):
        source = registry.get(name).source
        assert isinstance(source, PypiSource)
        assert not is_reserved(name, reserved)
        assert not is_reserved(source.project, reserved)


@pytest.mark.parametrize("spec", ["queries_of_whole_projects.json", "queries_for_tests.json"])
def test_queries_to_choose_by_are_about_dev_repositories_alone(registry: Registry, spec: str):
    asked = {query.repo for query in load_spec(PROJECT / "benchmarks" / spec)}
    assert asked <= set(registry.names("dev"))


def test_every_evaluated_repository_is_on_the_reserved_list(registry: Registry, reserved: frozenset[str]):
    assert all(is_reserved(name, reserved) for name in registry.names("eval"))


def test_train_and_dev_repositories_are_under_permissive_licences(registry: Registry):
    for name in registry.names("train", "dev"):
        words = set(registry.get(name).licence.replace(" OR ", " ").replace(" AND ", " ").split())
        assert words <= PERMISSIVE, name


def test_the_evaluated_repositories_are_exactly_those_that_were_pinned(registry: Registry):
    pinned = json.loads((PROJECT / "eval/repos.json").read_text(encoding="utf-8"))
    expected = {}
    for entry in pinned:
        excludes = [glob for written in entry["excludes"] for glob in EXCLUDES_IN_WORDS.get(written, [written])]
        source = PypiSource(entry["project"], entry["version"], entry["sha256"])
        expected[entry["name"]] = (source, tuple(entry["roots"]), tuple(excludes), entry["license"])

    actual = {name: registry.get(name) for name in registry.names("eval")}

    assert {n: (r.source, r.roots, r.excludes, r.licence) for n, r in actual.items()} == expected


@pytest.mark.network
def test_every_relevant_file_is_among_the_selected_ones_and_no_generated_c_is(registry: Registry, tmp_path: Path):
    relevant: dict[str, set[str]] = {}
    for file in ("code_queries.json", "semantic_queries.json"):
        for query in json.loads((PROJECT / "eval" / file).read_text(encoding="utf-8")):
            relevant.setdefault(query["repo"], set()).update(query["relevant"])
    assert relevant.keys() == set(registry.names("eval"))

    for name, paths in relevant.items():
        repo = registry.get(name)
        tree = fetch_tree(repo, tmp_path / name, tmp_path / "downloads")
        selected = set(select_files(tree.root, repo.roots, repo.excludes))
        assert paths <= selected, name
        assert not [path for path in selected if path.endswith(".c") and f"{path[:-2]}.pyx" in selected], name
