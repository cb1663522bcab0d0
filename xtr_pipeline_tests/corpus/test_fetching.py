"""Fetching a source repo: complete or not there, and every error names the repo."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from xtr_pipeline.corpus import package_index
from xtr_pipeline.corpus.fetching import ArchiveError, FetchError, SourceTree, TransientFetchError, fetch_tree
from xtr_pipeline.corpus.pip_settings import PipSettings
from xtr_pipeline.corpus.registry import source_fingerprint
from xtr_pipeline.corpus.source_repo import GitSource, PathSource, PypiSource, Source, SourceRepo
from xtr_pipeline_tests.corpus.small_index import SmallIndex, sdist_bytes

FILES = {"src/a.py": "x = 1\n", "src/tests/t.py": "", "PKG-INFO": "Name: one\n"}


class Place:
    """An index, a folder for downloads and one for sources."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.index = SmallIndex(folder / "index")
        self.downloads = folder / "downloads"
        self.sources = folder / "sources"
        self._monkeypatch = monkeypatch
        self.use(self.index.settings)

    def use(self, settings: PipSettings) -> None:
        self._monkeypatch.setattr(package_index, "read_pip_settings", lambda: settings)

    def sdist(self, content: bytes) -> SourceRepo:
        return self.repo(PypiSource("one", "1.0", self.index.add("one", "one-1.0.tar.gz", content)))

    @staticmethod
    def repo(source: Source, roots: tuple[str, ...] = ("src",)) -> SourceRepo:
        return SourceRepo("one", "train", source, roots, ("**/tests/**",), "MIT")

    def fetch(self, repo: SourceRepo) -> SourceTree:
        return fetch_tree(repo, self.sources / "one" / "address", self.downloads)

    def left(self) -> list[str]:
        folder = self.sources / "one"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def test_an_sdist_becomes_a_tree_below_its_one_top_folder(place: Place):
    content = sdist_bytes("one-1.0", FILES)

    tree = place.fetch(place.sdist(content))

    assert tree == SourceTree(
        repo="one",
        version="1.0",
        root=place.sources / "one/address/one-1.0",
        sha256=hashlib.sha256(content).hexdigest(),
        files=1,
        bytes=6,
    )
    assert (tree.root / "src/a.py").read_text(encoding="utf-8") == "x = 1\n"
    assert place.left() == ["address"]


def test_a_complete_tree_is_used_again_without_the_network(place: Place):
    repo = place.sdist(sdist_bytes("one-1.0", FILES))
    first = place.fetch(repo)
    place.use(PipSettings(("http://127.0.0.1:9/",), None, 1.0))
    for archive in place.downloads.iterdir():
        archive.unlink()

    assert place.fetch(repo) == first


def test_a_changed_exclude_needs_no_second_download(place: Place):
    repo = place.sdist(sdist_bytes("one-1.0", FILES))
    place.fetch(repo)
    place.use(PipSettings(("http://127.0.0.1:9/",), None, 1.0))
    wider = SourceRepo("one", "train", repo.source, ("src",), (), "MIT")

    tree = fetch_tree(wider, place.sources / "one" / source_fingerprint(wider), place.downloads)

    assert tree.files == 2


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (sdist_bytes("", {"../x": "x"}), ArchiveError, "outside the tree"),
        (sdist_bytes("", {"a/x": "x", "b/x": "x"}), ArchiveError, "one top folder"),
        (sdist_bytes("", {"x": "x"}), ArchiveError, "one top folder"),
        (sdist_bytes("one", {}), ArchiveError, "holds no files"),
        (b"no archive", ArchiveError, "corrupt"),
        (sdist_bytes("one", {"lib/a.py": "x"}), FetchError, "no file under src is left.*holds lib"),
    ],
)
def test_a_bad_archive_names_the_repo_and_leaves_nothing(
    place: Place, content: bytes, kind: type[FetchError], expected: str
):
    with pytest.raises(kind, match=f"^repo 'one': .*{expected}"):
        place.fetch(place.sdist(content))

    assert place.left() == []


def test_a_wrong_hash_and_a_missing_version_name_the_repo(place: Place):
    place.sdist(sdist_bytes("one-1.0", FILES))

    with pytest.raises(FetchError, match=r"^repo 'one': sdist of one 1\.0: wrong hash"):
        place.fetch(place.repo(PypiSource("one", "1.0", "ab" * 32)))
    with pytest.raises(FetchError, match=r"^repo 'one': sdist of one 2\.0: .*no such file"):
        place.fetch(place.repo(PypiSource("one", "2.0", "ab" * 32)))
    assert place.left() == []


def test_trouble_of_the_network_keeps_its_kind_so_that_it_is_tried_again(place: Place):
    repo = place.sdist(sdist_bytes("one-1.0", FILES))
    place.use(PipSettings(("http://127.0.0.1:9/",), None, 1.0))

    with pytest.raises(TransientFetchError, match=r"^repo 'one': "):
        place.fetch(repo)
    place.use(place.index.settings)
    assert place.fetch(repo).files == 1


def test_a_git_source_is_fetched_the_same_way(place: Place, tmp_path: Path):
    repository = tmp_path / "one.git"
    (repository / "src").mkdir(parents=True)
    (repository / "src/a.py").write_text("x = 1\n", encoding="utf-8")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "One"]):
        subprocess.run(["git", *identity, *command], cwd=repository, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True)
    commit = head.stdout.strip()

    tree = place.fetch(place.repo(GitSource(repository.as_uri(), commit)))

    assert (tree.version, tree.files, tree.root.name) == (commit[:12], 1, "one")
    assert place.left() == ["address"]
    with pytest.raises(FetchError, match=r"^repo 'one': .*has no commit"):
        fetch_tree(place.repo(GitSource(str(repository), "ab" * 20)), place.sources / "one/other", place.downloads)
    assert place.left() == ["address"]


def test_a_path_source_is_copied_and_versioned_by_its_content(place: Place, tmp_path: Path):
    (tmp_path / "mine/src").mkdir(parents=True)
    file = tmp_path / "mine/src/a.py"
    file.write_text("x = 1\n", encoding="utf-8")
    repo = place.repo(PathSource(str(tmp_path / "mine")))

    first = fetch_tree(repo, place.sources / source_fingerprint(repo), place.downloads)
    file.write_text("x = 2\n", encoding="utf-8")
    second = fetch_tree(repo, place.sources / source_fingerprint(repo), place.downloads)

    assert (first.root / "src/a.py").read_text(encoding="utf-8") == "x = 1\n"
    assert (second.root / "src/a.py").read_text(encoding="utf-8") == "x = 2\n"
    assert first.version.startswith("local-")
    assert first.version != second.version


def test_a_path_source_that_is_gone_is_named_once(place: Place, tmp_path: Path):
    with pytest.raises(FetchError) as caught:
        place.fetch(place.repo(PathSource(str(tmp_path / "gone"))))

    assert str(caught.value).count("repo 'one'") == 1


def test_a_folder_that_fetch_tree_did_not_make_is_left_alone(place: Place):
    foreign = place.sources / "one/address/precious.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine", encoding="utf-8")

    with pytest.raises(FetchError, match="is not a complete source tree; remove it"):
        place.fetch(place.sdist(sdist_bytes("one-1.0", FILES)))
    assert foreign.read_text(encoding="utf-8") == "mine"


def test_a_tree_that_another_process_finished_first_is_used(place: Place, monkeypatch: pytest.MonkeyPatch):
    repo = place.sdist(sdist_bytes("one-1.0", FILES))
    rename = Path.rename

    def lose_the_race(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        place.fetch(repo)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", lose_the_race)

    assert place.fetch(repo).files == 1
    assert place.left() == ["address"]


def test_what_a_killed_fetch_left_is_removed_once_it_is_old(place: Place):
    folder = place.sources / "one"
    for name in (".partial-old", ".partial-young"):
        (folder / name).mkdir(parents=True)
    yesterday = time.time() - 86_400
    os.utime(folder / ".partial-old", (yesterday, yesterday))

    place.fetch(place.sdist(sdist_bytes("one-1.0", FILES)))

    assert place.left() == [".partial-young", "address"]
