"""The one place that writes members of an archive to disk; it decides what is hostile, whatever the format."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from xtr_pipeline.corpus.fetch_errors import ArchiveError

CHUNK_BYTES = 1 << 16
# what the file system answers to names that contradict each other or are no names
NAME_ERRNOS = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ})


@dataclass(frozen=True)
class ExtractionLimits:
    """When an archive counts as a bomb.

    Attributes:
        max_members: Most members, folders and links included.
        max_bytes: Most unpacked bytes.
        max_ratio: Most unpacked bytes a byte of archive, once more than `ratio_floor_bytes` are unpacked.
        ratio_floor_bytes: Below this size a high ratio is harmless: source code that repeats itself packs well.
    """

    max_members: int = 100_000
    max_bytes: int = 2 * 1024**3
    max_ratio: float = 100.0
    ratio_floor_bytes: int = 64 * 1024**2

    def byte_limit(self, archive_bytes: int) -> int:
        """Returns the most bytes that an archive of that size may unpack to."""
        return min(self.max_bytes, max(self.ratio_floor_bytes, int(archive_bytes * self.max_ratio)))


DEFAULT_LIMITS = ExtractionLimits()


class Reader(Protocol):
    """Anything that gives bytes: a member of an archive."""

    def read(self, size: int, /) -> bytes:
        """Returns at most `size` bytes, none at the end."""
        ...


class Unpacker:
    """Writes members below one folder and counts them against the limits.

    Attributes:
        files: Regular files written so far.
        bytes: Bytes written so far.
        links: Links inside the tree that were left out so far.
    """

    def __init__(self, into: Path, limits: ExtractionLimits, archive_bytes: int) -> None:
        """Prepares to write into an existing, empty folder.

        Args:
            into: The folder.
            limits: When to give up.
            archive_bytes: Size of the archive, for the ratio.
        """
        self.files = 0
        self.bytes = 0
        self.links = 0
        self._into = into
        self._members = 0
        self._read = 0
        self._max_members = limits.max_members
        self._max_bytes = limits.byte_limit(archive_bytes)

    def add_folder(self, name: str) -> None:
        """Creates a folder.

        Raises:
            ArchiveError: The name leaves the tree, or there are too many members.
        """
        self._count_member()
        self._make_folder(self._into / checked_name(name))

    def add_file(self, name: str, content: Reader) -> None:
        """Writes a regular file, never executable; a second one of the same name replaces the first, as in tar.

        Raises:
            ArchiveError: The name leaves the tree, or the limits are passed.
        """
        self._count_member()
        target = self._into / checked_name(name)
        self._make_folder(target.parent)
        try:
            stream = target.open("wb")
        except OSError as error:
            raise _name_error(name, error) from error
        with stream:
            while chunk := content.read(CHUNK_BYTES):
                self.bytes += len(chunk)
                self._check_bytes(self.bytes)
                stream.write(chunk)
        self.files += 1

    def add_link(self, name: str, target: str) -> None:
        """Checks a symbolic link and leaves it out: the corpus reads regular files only.

        Raises:
            ArchiveError: It points outside the tree.
        """
        self._count_member()
        folder = checked_name(name).parent
        if PurePosixPath(target).is_absolute() or _leaves(folder / target):
            msg = f"the link {name!r} points outside the tree, to {target!r}"
            raise ArchiveError(msg)
        self.links += 1

    def add_hard_link(self, name: str, target: str) -> None:
        """Copies the earlier member that a hard link names.

        Raises:
            ArchiveError: The target leaves the tree or is not an earlier file.
        """
        source = self._into / checked_name(target)
        if not source.is_file():
            msg = f"the hard link {name!r} names {target!r}, which is no earlier file of the archive"
            raise ArchiveError(msg)
        if source == self._into / checked_name(name):
            return
        with source.open("rb") as content:
            self.add_file(name, content)

    def count_read(self, count: int) -> None:
        """Counts bytes that came out of the decompressor, written or not.

        Raises:
            ArchiveError: The limit is passed.
        """
        self._read += count
        self._check_bytes(self._read)

    def _check_bytes(self, count: int) -> None:
        if count > self._max_bytes:
            msg = f"it unpacks to more than {self._max_bytes:,} bytes: a bomb, or more than a source tree"
            raise ArchiveError(msg)

    def _count_member(self) -> None:
        self._members += 1
        if self._members > self._max_members:
            msg = f"it holds more than {self._max_members:,} members"
            raise ArchiveError(msg)

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _name_error(folder.relative_to(self._into).as_posix(), error) from error


def checked_name(name: str) -> PurePosixPath:
    """Returns a member's name as a path below the tree.

    Raises:
        ArchiveError: It is absolute, has a drive letter, climbs with `..`, or is no name.
    """
    path = PurePosixPath(name)
    if "\0" in name or path.is_absolute() or re.match(r"[A-Za-z]:[\\/]|\\\\", name) or ".." in re.split(r"[\\/]", name):
        msg = f"the member {name!r} would be written outside the tree"
        raise ArchiveError(msg)
    return path


def _leaves(path: PurePosixPath) -> bool:
    """Tells whether a relative path climbs above its start, `..` taken by their text."""
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def _name_error(name: str, error: OSError) -> Exception:
    """Blames the archive for names that cannot be; a full disk stays what it is."""
    if error.errno in NAME_ERRNOS:
        return ArchiveError(f"the member {name[:200]!r} cannot be written: {error.strerror}")
    return error
