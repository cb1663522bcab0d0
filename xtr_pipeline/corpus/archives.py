"""Unpacking downloaded archives (tar, tar.gz, tar.bz2, tar.xz, zip) as data: nothing runs, nothing gets out."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from xtr_pipeline.corpus.fetch_errors import ArchiveError
from xtr_pipeline.corpus.unpacking import DEFAULT_LIMITS, ExtractionLimits, Reader, Unpacker

CHUNK_BYTES = 1 << 16
MAX_LINK_BYTES = 4096
ENCRYPTED_FLAG = 0x1
CORRUPT_ERRORS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # zipfile, for compression methods that it does not know
    UnicodeError,
    ValueError,
)


@dataclass(frozen=True)
class Extraction:
    """What came out of an archive.

    Attributes:
        files: Regular files written.
        bytes: Their bytes.
        links: Links inside the tree, which were left out.
    """

    files: int
    bytes: int
    links: int


def extract_archive(archive: Path, into: Path, limits: ExtractionLimits = DEFAULT_LIMITS) -> Extraction:
    """Unpacks an archive; the format is told by its first bytes, not by its name.

    Args:
        archive: The file.
        into: An existing, empty folder. After an error it holds a part of the files: remove it.
        limits: When the archive counts as a bomb.

    Raises:
        ArchiveError: The archive is corrupt or empty, passes the limits, or holds an absolute path, a `..`,
            a link that points outside, a device or a pipe.
    """
    unpacker = Unpacker(into, limits, archive.stat().st_size)
    try:
        if _first_bytes(archive).startswith(b"PK"):
            _extract_zip(archive, unpacker)
        else:
            _extract_tar(archive, unpacker)
    except ArchiveError as error:
        msg = f"{archive.name}: {error}"
        raise ArchiveError(msg) from error
    except CORRUPT_ERRORS as error:
        msg = f"{archive.name} is corrupt or no archive: {error or type(error).__name__}"
        raise ArchiveError(msg) from error
    if unpacker.files == 0:
        msg = f"{archive.name} holds no files"
        raise ArchiveError(msg)
    return Extraction(unpacker.files, unpacker.bytes, unpacker.links)


class _BoundedStream:
    """The decompressed bytes of a tar; counts what tarfile reads between members too, where headers can explode."""

    def __init__(self, stream: Reader, unpacker: Unpacker) -> None:
        self._stream = stream
        self._unpacker = unpacker

    def read(self, size: int, /) -> bytes:
        try:
            chunk = self._stream.read(size)
        except OSError as error:
            if error.errno is not None:
                raise
            # gzip and bz2 report corrupt data as an OSError without a number
            msg = f"its compressed data is corrupt: {error}"
            raise ArchiveError(msg) from error
        self._unpacker.count_read(len(chunk))
        return chunk


def _first_bytes(archive: Path) -> bytes:
    with archive.open("rb") as stream:
        return stream.read(6)


def _decompressed(archive: Path) -> BinaryIO | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    magic = _first_bytes(archive)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(archive)
    if magic.startswith(b"BZh"):
        return bz2.open(archive)
    if magic == b"\xfd7zXZ\x00":
        return lzma.open(archive)
    return archive.open("rb")


def _extract_tar(archive: Path, unpacker: Unpacker) -> None:
    with _decompressed(archive) as stream:
        bounded = _BoundedStream(stream, unpacker)
        with tarfile.open(fileobj=bounded, mode="r|", errorlevel=2) as tar:  # type: ignore[call-overload]
            for member in tar:
                _extract_tar_member(tar, member, unpacker)
        # to the end of the file: only there does gzip compare its checksum
        while bounded.read(CHUNK_BYTES):
            pass


def _extract_tar_member(tar: tarfile.TarFile, member: tarfile.TarInfo, unpacker: Unpacker) -> None:
    if member.isreg():
        unpacker.add_file(member.name, tar.extractfile(member) or io.BytesIO())
    elif member.isdir():
        unpacker.add_folder(member.name)
    elif member.issym():
        unpacker.add_link(member.name, member.linkname)
    elif member.islnk():
        unpacker.add_hard_link(member.name, member.linkname)
    else:
        msg = f"the member {member.name!r} is a device, a pipe or of an unknown type"
        raise ArchiveError(msg)


def _extract_zip(archive: Path, unpacker: Unpacker) -> None:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            _extract_zip_member(opened, member, unpacker)


def _extract_zip_member(opened: zipfile.ZipFile, member: zipfile.ZipInfo, unpacker: Unpacker) -> None:
    mode = stat.S_IFMT(member.external_attr >> 16)
    if member.flag_bits & ENCRYPTED_FLAG:
        msg = f"the member {member.filename!r} is encrypted"
        raise ArchiveError(msg)
    if member.is_dir():
        unpacker.add_folder(member.filename)
        return
    if mode not in (0, stat.S_IFREG, stat.S_IFLNK):
        msg = f"the member {member.filename!r} is a device, a pipe or of an unknown type"
        raise ArchiveError(msg)
    with opened.open(member) as content:
        if mode == stat.S_IFLNK:
            unpacker.add_link(member.filename, content.read(MAX_LINK_BYTES).decode("utf-8"))
        else:
            unpacker.add_file(member.filename, content)
