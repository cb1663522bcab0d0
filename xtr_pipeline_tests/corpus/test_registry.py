"""Loading the registry of source repositories and refusing what must not be in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from xtr_pipeline.corpus.fetch_errors import FetchError
from xtr_pipeline.corpus.registry import (
    GitSource,
    PathSource,
    PypiSource,
    Registry,
    RegistryError,
    SourceRepo,
    load_registry,
    source_fingerprint,
)

RESERVED = frozenset({"celery", "pydantic-core"})
SHA = "ab" * 32
COMMIT = "cd" * 20
PYPI = f'{{ type = "pypi", project = "One", version = "1.0", sha256 = "{SHA}" }}'


def _entry(
    name: str = "one",
    role: str = "train",
    source: str = PYPI,
    *,
    roots: str = '["src"]',
    excludes: str = '["**/tests/**"]',
    licence: str = "MIT",
) -> str:
    return (
        f'[[repo]]\nname = "{name}"\nrole = "{role}"\nsource = {source}\n'
        f'roots = {roots}\nexcludes = {excludes}\nlicence = "{licence}"\n'
    )


def _load(folder: Path, *entries: str) -> Registry:
    file = folder / "repos.toml"
    file.write_text("\n".join(entries), encoding="utf-8")
    return load_registry(file, RESERVED)


def _problems(folder: Path, *entries: str) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        _load(folder, *entries)
    return str(caught.value).splitlines()[1:]


def test_an_entry_becomes_a_frozen_repo(tmp_path: Path):
    repo = _load(tmp_path, _entry()).get("one")

    assert repo == SourceRepo("one", "train", PypiSource("One", "1.0", SHA), ("src",), ("**/tests/**",), "MIT")
    assert repo.version == "1.0"
    with pytest.raises(dataclasses.FrozenInstanceError):
        repo.name = "two"  # type: ignore[misc]


def test_names_come_in_file_order_and_by_role(tmp_path: Path):
    git = f'{{ type = "git", url = "https://example.org/b.git", commit = "{COMMIT}" }}'
    registry = _load(tmp_path, _entry("zeta"), _entry("beta", "dev", git))

    assert registry.names() == ("zeta", "beta")
    assert registry.names("train") == ("zeta",)
    assert registry.names("dev", "eval") == ("beta",)
    assert registry.get("beta").source == GitSource("https://example.org/b.git", COMMIT)
    assert registry.get("beta").version == COMMIT[:12]


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path):
    with pytest.raises(RegistryError, match=r"'two'.*one"):
        _load(tmp_path, _entry()).get("two")


def test_local_paths_start_at_the_registry_folder(tmp_path: Path):
    path = '{ type = "path", path = "../mine" }'
    bare = f'{{ type = "git", url = "repos/b.git", commit = "{COMMIT}" }}'
    registry = _load(tmp_path, _entry("a", source=path), _entry("b", source=bare))

    assert registry.get("a").source == PathSource(str(tmp_path.parent / "mine"))
    assert registry.get("b").source == GitSource(str(tmp_path / "repos/b.git"), COMMIT)


def test_everything_that_is_wrong_stands_in_one_message(tmp_path: Path):
    problems = _problems(
        tmp_path,
        _entry("One!", role="training", licence="free"),
        _entry("two", roots='["../out"]', source='{ type = "pypi", project = "x", version = ">=1", sha256 = "12" }'),
        _entry("three", source='{ type = "git", url = "ext::sh -c id", commit = "main" }'),
    )

    text = "\n".join(problems)
    for expected in ("'One!'", "'training'", "'free'", "../out", "'>=1'", "sha256 '12'", "commit 'main'", "ext::sh"):
        assert expected in text
    assert len(problems) == 8


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (_entry() + "branch = 1\n", "unknown field 'branch'"),
        (_entry().replace('licence = "MIT"\n', ""), "field 'licence' is missing"),
        (_entry(source='"one-1.0.tar.gz"'), "source must be a table"),
        (_entry(source='{ type = "svn", url = "x" }'), "pypi, git, path"),
        (_entry(source='{ type = "path" }'), "source field 'path' is missing"),
        (_entry(source='{ type = "path", path = "x", sha256 = "y" }'), "unknown source field 'sha256'"),
        (_entry(source='{ type = "path", path = 3 }'), "must be a string"),
        (_entry(roots="[]"), "roots must name at least one folder"),
        (_entry(roots='"src"'), "roots must be a list of strings"),
        (_entry(excludes="[1]"), "excludes must be a list of strings"),
        (f"{_entry()}[other]\nx = 1", "unknown top-level key 'other'"),
        (_entry(source=f'{{ type = "git", url = "-o=x", commit = "{COMMIT}" }}'), "url '-o=x'"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, entry: str, expected: str):
    assert any(expected in problem for problem in _problems(tmp_path, entry))


def test_a_file_that_is_missing_or_no_toml_or_empty_is_refused(tmp_path: Path):
    with pytest.raises(RegistryError, match="does not exist"):
        load_registry(tmp_path / "repos.toml", RESERVED)
    with pytest.raises(RegistryError, match="not valid TOML"):
        _load(tmp_path, "[[repo]\n")
    with pytest.raises(RegistryError, match=r"no \[\[repo\]\] table"):
        _load(tmp_path, "# nothing yet\n")


@pytest.mark.parametrize(
    "entry",
    [
        _entry("celery"),
        _entry("mine", "dev", PYPI.replace("One", "Pydantic_Core")),
        _entry("mine", "train", f'{{ type = "git", url = "https://example.org/a/Celery.git", commit = "{COMMIT}" }}'),
        _entry("mine", "train", '{ type = "path", path = "../celery" }'),
    ],
)
def test_a_reserved_project_is_refused_for_training_under_any_name(tmp_path: Path, entry: str):
    assert any("reserved for evaluation" in problem for problem in _problems(tmp_path, entry))


def _git(url: str) -> str:
    return f'{{ type = "git", url = "{url}", commit = "{COMMIT}" }}'


def _path(path: str) -> str:
    return f'{{ type = "path", path = "{path}" }}'


@pytest.mark.parametrize("role", ["train", "dev"])
@pytest.mark.parametrize(
    ("source", "component"),
    [
        (_path("/home/u/Celery/src"), "Celery"),
        (_path("/home/u/celery/.git"), "celery"),
        (_git("/home/u/celery/.git"), "celery"),
        (_git("file:///srv/pydantic_core/.git"), "pydantic_core"),
        (_git("https://example.org/x/celery.git?a=b"), "celery"),
        (_git("git@example.org:celery/other.git"), "celery"),
    ],
)
def test_a_reserved_component_of_an_address_is_refused_and_named(
    tmp_path: Path, source: str, component: str, role: str
):
    (problem,) = _problems(tmp_path, _entry("mine", role, source))

    assert f"{component!r} in " in problem
    assert f"the name {component.lower().replace('_', '-')!r}, which is reserved for evaluation" in problem


@pytest.mark.parametrize("url", ["checkout", "file://{folder}/checkout"])
def test_a_link_does_not_hide_a_reserved_folder(tmp_path: Path, url: str):
    (tmp_path / "celery").mkdir()
    (tmp_path / "checkout").symlink_to("celery")

    (problem,) = _problems(tmp_path, _entry("mine", source=_git(url.format(folder=tmp_path))))
    assert "'celery' in " in problem


@pytest.mark.parametrize(
    "source",
    [_path("/home/u/mine/src"), _git("/home/u/mine/.git"), _git("https://celery/x/mine.git?a=celery")],
)
def test_an_ordinary_address_is_welcome_for_training(tmp_path: Path, source: str):
    assert _load(tmp_path, _entry("mine", source=source)).names("train") == ("mine",)


def test_a_secret_in_an_address_is_not_repeated(tmp_path: Path):
    (problem,) = _problems(tmp_path, _entry("mine", source=_git("https://me:secret@example.org/x/celery")))

    assert "secret" not in problem


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (_path("/home/u/one/src"), _path("/home/u/two/src")),
        (_git("https://example.org/org-a/core"), _git("https://example.org/org-b/core")),
        (_git("https://a.example.org/x/core"), _git("https://b.example.org/x/core")),
        (_git("/home/u/one/.git"), _git("/home/u/two/.git")),
        (_git("file:///home/u/one/.git"), _git("file:///home/u/two/.git")),
    ],
)
def test_unrelated_sources_may_end_in_the_same_name(tmp_path: Path, one: str, two: str):
    assert _load(tmp_path, _entry("a", source=one), _entry("b", "dev", two)).names() == ("a", "b")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (PYPI, PYPI.replace("One", "one")),
        (_path("/home/u/one"), _path("/home/u/two/../one")),
        (_path("/home/u/one"), _git("/home/u/one/.git")),
        (_git("/home/u/one"), _git("file:///home/u/one/.git")),
        (_git("https://example.org/A/core.git"), _git("git@Example.org:a/core")),
        (_git("https://me@example.org:443/a/core/?x=y"), _git("ssh://git@example.org/a/core.git")),
    ],
)
def test_two_spellings_of_one_source_are_one_project(tmp_path: Path, one: str, two: str):
    (problem,) = _problems(tmp_path, _entry("a", source=one), _entry("b", "eval", two))

    assert "is the same project as repo 'a'" in problem


def test_a_reserved_project_is_welcome_for_evaluation(tmp_path: Path):
    assert _load(tmp_path, _entry("celery", "eval")).names("eval") == ("celery",)


def test_one_project_cannot_have_two_entries(tmp_path: Path):
    problems = _problems(tmp_path, _entry("a"), _entry("b", "eval"))

    assert problems == ["- repo 'b': 'one' is the same project as repo 'a'"]


def test_names_that_differ_in_spelling_only_are_duplicates(tmp_path: Path):
    problems = _problems(tmp_path, _entry("a-b"), _entry("a.b", source=PYPI.replace("One", "two")))

    assert problems == ["- repo 'a.b': the name is already taken by 'a-b'"]


def test_the_fingerprint_changes_with_every_field_and_with_nothing_else(tmp_path: Path):
    repo = SourceRepo("one", "train", PypiSource("one", "1.0", SHA), ("src",), (), "MIT")
    changed = [
        dataclasses.replace(repo, name="two"),
        dataclasses.replace(repo, role="dev"),
        dataclasses.replace(repo, source=PypiSource("one", "1.1", SHA)),
        dataclasses.replace(repo, roots=("lib",)),
        dataclasses.replace(repo, excludes=("*.c",)),
        dataclasses.replace(repo, licence="BSD-3-Clause"),
    ]

    assert len({repo.fingerprint(), *(other.fingerprint() for other in changed)}) == 7
    assert repo.fingerprint() == dataclasses.replace(repo).fingerprint() == source_fingerprint(repo)
    assert len(repo.fingerprint()) == 64


def test_the_fingerprint_of_a_path_source_follows_the_selected_content(tmp_path: Path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("one", encoding="utf-8")
    repo = SourceRepo("mine", "train", PathSource(str(tmp_path)), ("src",), (), "MIT")
    before = source_fingerprint(repo)

    (tmp_path / "notes.txt").write_text("two", encoding="utf-8")
    assert source_fingerprint(repo) == before
    (tmp_path / "src/a.py").write_text("x = 2\n", encoding="utf-8")
    edited = source_fingerprint(repo)
    (tmp_path / "src/a.py").rename(tmp_path / "src/b.py")

    assert len({before, edited, source_fingerprint(repo)}) == 3


def test_a_path_source_that_is_gone_is_named(tmp_path: Path):
    repo = SourceRepo("mine", "train", PathSource(str(tmp_path / "gone")), ("src",), (), "MIT")

    with pytest.raises(FetchError, match=r"'mine'.*gone is not a folder"):
        source_fingerprint(repo)
