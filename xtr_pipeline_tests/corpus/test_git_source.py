"""Exporting one commit of a git repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from xtr_pipeline.corpus.fetch_errors import ArchiveError, FetchError, TransientFetchError
from xtr_pipeline.corpus.git_source import TRANSIENT, export_commit
from xtr_pipeline.corpus.source_repo import GitSource
from xtr_pipeline.corpus.unpacking import ExtractionLimits


class Repository:
    """A small repository to fetch from, with whatever settings a hostile or unusual one may have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main", ".")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, **files: bytes) -> str:
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def _export(tmp_path: Path, url: str, commit: str, limits: ExtractionLimits | None = None) -> dict[str, bytes]:
    into = tmp_path / "exported"
    into.mkdir()
    export_commit(GitSource(url, commit), into, limits or ExtractionLimits())
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".git-")) == []
    return {path.relative_to(into).as_posix(): path.read_bytes() for path in into.rglob("*") if path.is_file()}


def test_the_files_of_the_commit_are_written_and_not_those_of_a_later_one(repository: Repository, tmp_path: Path):
    first = repository.commit(**{"a.py": b"one\n", "empty.py": b"", "b.bin": bytes(range(256))})
    repository.commit(**{"a.py": b"two\n"})

    exported = _export(tmp_path, str(repository.folder), first)

    assert exported == {"a.py": b"one\n", "empty.py": b"", "b.bin": bytes(range(256))}


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_bare_repository_is_read_by_path_and_by_file_url(repository: Repository, tmp_path: Path, scheme: str):
    commit = repository.commit(**{"a.py": b"one\n"})
    subprocess.run(["git", "clone", "--quiet", "--bare", repository.folder, tmp_path / "bare.git"], check=True)

    assert _export(tmp_path, f"{scheme}{tmp_path}/bare.git", commit) == {"a.py": b"one\n"}


def test_a_commit_that_no_server_would_hand_out_alone_is_found_through_its_branch(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = repository.commit(**{"a.py": b"one\n"})
    repository.commit(**{"a.py": b"two\n"})
    # protocol 0 refuses commits that are not the tip of a branch
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.version")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "0")

    assert _export(tmp_path, str(repository.folder), first) == {"a.py": b"one\n"}


def test_no_hook_filter_attribute_or_line_ending_rule_takes_part(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trace = tmp_path / "ran"
    attributes = b"*.py filter=evil text eol=crlf\nhidden.py export-ignore\nident.py export-subst ident\n"
    commit = repository.commit(
        **{".gitattributes": attributes, "a.py": b"one\n", "hidden.py": b"x\n", "ident.py": b"$Format:%H$ $Id$\n"}
    )
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for number, (key, value) in enumerate(
        {"filter.evil.smudge": f"touch {trace}; cat", "core.hooksPath": str(tmp_path / "hooks")}.items()
    ):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    (tmp_path / "hooks").mkdir()
    for hook in ("reference-transaction", "post-checkout"):
        (tmp_path / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {trace}\n", encoding="utf-8")
        (tmp_path / "hooks" / hook).chmod(0o755)

    exported = _export(tmp_path, str(repository.folder), commit)

    assert exported["a.py"] == b"one\n"
    assert exported["hidden.py"] == b"x\n"
    assert exported["ident.py"] == b"$Format:%H$ $Id$\n"
    assert not trace.exists()


def test_links_and_submodules_are_left_out(repository: Repository, tmp_path: Path):
    other = Repository(tmp_path / "other")
    inner = other.commit(**{"inner.py": b"x\n"})
    (repository.folder / "link.py").symlink_to("/etc/passwd")
    (repository.folder / "a.py").write_bytes(b"one\n")
    repository.git("add", "--all")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{inner},module")
    repository.git("commit", "--quiet", "--message", "Link")

    exported = _export(tmp_path, str(repository.folder), repository.git("rev-parse", "HEAD"))

    assert exported == {"a.py": b"one\n"}


def test_a_tree_that_climbs_out_is_refused(repository: Repository, tmp_path: Path):
    repository.commit(**{"a.py": b"one\n"})
    blob = repository.git("rev-parse", "HEAD:a.py")
    entry = b"100644 ..\0" + bytes.fromhex(blob)
    tree = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        cwd=repository.folder,
        input=entry,
        check=True,
        capture_output=True,
    )
    commit = repository.git("commit-tree", tree.stdout.decode().strip(), "-m", "Hostile")
    repository.git("branch", "hostile", commit)

    with pytest.raises(FetchError):
        _export(tmp_path, str(repository.folder), commit)

    assert list((tmp_path / "exported").iterdir()) == []


def test_a_repository_that_is_too_large_is_refused(repository: Repository, tmp_path: Path):
    commit = repository.commit(**{"a.py": b"x" * 2000})

    with pytest.raises(ArchiveError, match="unpacks to more than"):
        _export(tmp_path, str(repository.folder), commit, ExtractionLimits(max_bytes=1000))


def test_a_missing_commit_is_final_and_named(repository: Repository, tmp_path: Path):
    repository.commit(**{"a.py": b"one\n"})

    with pytest.raises(FetchError, match=f"has no commit {'ab' * 20}") as caught:
        _export(tmp_path, str(repository.folder), "ab" * 20)

    assert not isinstance(caught.value, TransientFetchError)


def test_the_id_of_a_file_is_no_commit(repository: Repository, tmp_path: Path):
    repository.commit(**{"a.py": b"one\n"})

    with pytest.raises(FetchError, match="has no commit"):
        _export(tmp_path, str(repository.folder), repository.git("rev-parse", "HEAD:a.py"))


def test_a_missing_repository_is_final(tmp_path: Path):
    with pytest.raises(FetchError, match="git fetch") as caught:
        _export(tmp_path, str(tmp_path / "nowhere.git"), "ab" * 20)

    assert not isinstance(caught.value, TransientFetchError)


def test_a_server_that_does_not_answer_is_worth_another_try_and_its_password_stays_secret(tmp_path: Path):
    with pytest.raises(TransientFetchError) as caught:
        _export(tmp_path, "http://user:secret@127.0.0.1:9/a.git", "ab" * 20)

    assert "secret" not in str(caught.value)


def test_programs_in_place_of_an_address_are_never_run(tmp_path: Path):
    with pytest.raises(FetchError, match="not allowed"):
        _export(tmp_path, f"ext::sh -c 'touch {tmp_path}/ran'", "ab" * 20)

    assert not (tmp_path / "ran").exists()


def test_a_surrounding_git_process_does_not_lead_astray(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    commit = repository.commit(**{"a.py": b"one\n"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))

    assert _export(tmp_path, str(repository.folder), commit) == {"a.py": b"one\n"}
    assert not (tmp_path / "elsewhere").exists()


def test_without_git_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", os.fspath(tmp_path))

    with pytest.raises(FetchError, match="git is not installed"):
        _export(tmp_path, str(tmp_path), "ab" * 20)


@pytest.mark.parametrize(
    ("said", "transient"),
    [
        ("fatal: unable to access: Could not resolve host: example.org", True),
        ("error: RPC failed; curl 56", True),
        ("The requested URL returned error: 503", True),
        ("fatal: early EOF", True),
        ("The requested URL returned error: 404", False),
        ("fatal: repository not found", False),
        ("fatal: Authentication failed", False),
    ],
)
def test_trouble_of_the_network_is_told_from_refusals(said: str, transient: bool):
    assert bool(TRANSIENT.search(said)) is transient
