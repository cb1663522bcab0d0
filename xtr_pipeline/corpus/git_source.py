"""Sources at one commit of a git repository, exported blob by blob."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from xtr_pipeline.corpus.fetch_errors import FetchError, TransientFetchError
from xtr_pipeline.corpus.source_repo import GitSource
from xtr_pipeline.corpus.unpacking import DEFAULT_LIMITS, ExtractionLimits, Unpacker

GIT_SECONDS = 1800
ALLOWED_PROTOCOLS = "file:https:http:ssh"
REGULAR_MODES = frozenset({"100644", "100755"})
# what a surrounding git process (a hook, a rebase) sets to say which repository is meant
REPOSITORY_VARIABLES = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"}
)
# what git and its transports say when the network or the server is at fault (LC_ALL=C)
TRANSIENT = re.compile(
    r"could not resolve host|(failed to|couldn.t) connect|connection (was )?(refused|reset|closed)"
    r"|timed out|timeout|network is unreachable"
    r"|early eof|unexpected disconnect|rpc failed|the remote end hung up|temporary failure"
    r"|returned error: (408|425|429|5\d\d)",
    re.IGNORECASE,
)
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True)
class Blob:
    """One entry of a commit's tree."""

    mode: str
    object_id: str
    path: str


def export_commit(source: GitSource, into: Path, limits: ExtractionLimits = DEFAULT_LIMITS) -> None:
    """Writes the files of one commit below a folder.

    There is no checkout: blobs are read with `git cat-file`, so that no hook, no smudge or LFS filter, no
    line-ending rule and no attribute of the repository takes part. Submodules and links are left out.

    Args:
        source: Where the repository is, and the full commit id.
        into: An existing, empty folder. After an error it holds a part of the files: remove it.
        limits: When the repository is too large.

    Raises:
        TransientFetchError: The network or the server failed.
        FetchError: There is no such repository or commit, or git is not installed.
        ArchiveError: The tree holds hostile names or passes the limits.
    """
    with tempfile.TemporaryDirectory(prefix=".git-", dir=into.parent) as folder:
        repository = Path(folder)
        _git(["init", "--quiet", "--bare", "--template=", "."], repository)
        _fetch(source, repository)
        blobs = _list_blobs(source, repository)
        _write_blobs(blobs, repository, Unpacker(into, limits, limits.max_bytes))


def _fetch(source: GitSource, repository: Path) -> None:
    """Fetches the one commit; a server that does not hand out single commits is asked for all its branches and tags."""
    shallow = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--depth=1", "--", source.url, source.commit]
    try:
        _git(shallow, repository)
    except TransientFetchError:
        raise
    except FetchError:
        refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        _git(["fetch", "--quiet", "--no-recurse-submodules", "--", source.url, *refs], repository)
    try:
        found = _git(["cat-file", "-t", source.commit], repository).strip()
    except FetchError:
        found = b"missing"
    if found != b"commit":
        msg = f"{_without_credentials(source.url)} has no commit {source.commit} on its branches or tags"
        raise FetchError(msg)


def _list_blobs(source: GitSource, repository: Path) -> list[Blob]:
    listing = _git(["ls-tree", "-r", "-z", "--full-tree", source.commit], repository)
    blobs = []
    for entry in filter(None, listing.split(b"\0")):
        description, _, path = entry.partition(b"\t")
        mode, _, object_id = description.decode("ascii").split(" ")
        blobs.append(Blob(mode, object_id, os.fsdecode(path)))
    return blobs


def _write_blobs(blobs: list[Blob], repository: Path, unpacker: Unpacker) -> None:
    wanted = [blob for blob in blobs if blob.mode in REGULAR_MODES]
    with tempfile.TemporaryFile() as names:
        names.write(b"".join(f"{blob.object_id}\n".encode() for blob in wanted))
        names.seek(0)
        with subprocess.Popen(
            _command("cat-file", "--batch"), cwd=repository, env=_environment(), stdin=names, stdout=subprocess.PIPE
        ) as process:
            if process.stdout is None:
                msg = "git cat-file has no output although a pipe was asked for"
                raise FetchError(msg)
            for blob in wanted:
                _write_blob(blob, process.stdout, unpacker)


def _write_blob(blob: Blob, objects: IO[bytes], unpacker: Unpacker) -> None:
    """Writes the next object of `git cat-file --batch`: `<id> blob <size>`, newline, content, newline."""
    header = objects.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        msg = f"git cannot read the content of {blob.path!r}"
        raise FetchError(msg)
    unpacker.add_file(blob.path, _Content(objects, int(header[2])))
    objects.read(1)


class _Content:
    """The next `size` bytes of a stream, as something to read from."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int, /) -> bytes:
        chunk = self._stream.read(min(size, self._left))
        self._left -= len(chunk)
        return chunk


def _git(arguments: list[str], repository: Path) -> bytes:
    """Runs git in our own bare repository and returns what it printed."""
    try:
        done = subprocess.run(
            _command(*arguments),
            cwd=repository,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=GIT_SECONDS,
        )
    except FileNotFoundError as error:
        msg = "git is not installed; it is needed for sources of type git"
        raise FetchError(msg) from error
    except subprocess.TimeoutExpired as error:
        msg = f"git {arguments[0]} was not done after {GIT_SECONDS} s"
        raise TransientFetchError(msg) from error
    if done.returncode == 0:
        return done.stdout
    said = _without_credentials(done.stderr.decode("utf-8", "replace").strip()) or f"exit status {done.returncode}"
    raise (TransientFetchError if TRANSIENT.search(said) else FetchError)(f"git {arguments[0]}: {said}")


def _command(*arguments: str) -> list[str]:
    """Settings that win over the user's: no hooks, and no helper program in place of a transport."""
    return ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", *arguments]


def _environment() -> dict[str, str]:
    """The user's environment (certificates, proxies, ssh agent) without what would point git elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES}
    return kept | {
        "GIT_ALLOW_PROTOCOL": ALLOWED_PROTOCOLS,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
    }


def _without_credentials(text: str) -> str:
    return CREDENTIALS.sub("", text)
