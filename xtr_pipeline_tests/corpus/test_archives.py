"""Unpacking archives: what is unpacked, and what is refused as corrupt, hostile, a bomb or empty."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from xtr_pipeline.corpus.archives import Extraction, extract_archive
from xtr_pipeline.corpus.fetch_errors import ArchiveError
from xtr_pipeline.corpus.unpacking import ExtractionLimits, checked_name

TINY = ExtractionLimits(max_members=10, max_bytes=100_000, max_ratio=10.0, ratio_floor_bytes=20_000)


def _tar(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return stream.getvalue()


def _special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def _zip(*members: tuple[str, bytes], modes: dict[str, int] | None = None) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(name, stat.S_IFREG | 0o755) << 16
            opened.writestr(info, content)
    return stream.getvalue()


def _extract(folder: Path, data: bytes, limits: ExtractionLimits = TINY) -> Extraction:
    archive = folder / "one-1.0.archive"
    archive.write_bytes(data)
    (folder / "tree").mkdir()
    return extract_archive(archive, folder / "tree", limits)


def _files(folder: Path) -> dict[str, bytes]:
    root = folder / "tree"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


MEMBERS = (("one-1.0/src/a.py", b"x = 1\n"), ("one-1.0/empty", b""))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tars_of_every_compression_unpack_alike(tmp_path: Path, pack: Callable[[bytes], bytes]):
    result = _extract(tmp_path, pack(_tar(_special("one-1.0", tarfile.DIRTYPE), *MEMBERS)))

    assert result == Extraction(files=2, bytes=6, links=0)
    assert _files(tmp_path) == dict(MEMBERS)


def test_a_zip_unpacks_as_a_tar_does_and_nothing_becomes_executable(tmp_path: Path):
    result = _extract(tmp_path, _zip(("one-1.0/", b""), *MEMBERS))

    assert result == Extraction(files=2, bytes=6, links=0)
    assert _files(tmp_path) == dict(MEMBERS)
    assert not (tmp_path / "tree/one-1.0/src/a.py").stat().st_mode & stat.S_IXUSR


def test_links_inside_the_tree_are_left_out_and_hard_links_become_copies(tmp_path: Path):
    data = _tar(
        ("one/a.py", b"x"),
        _special("one/docs/link.py", tarfile.SYMTYPE, "../a.py"),
        _special("one/b.py", tarfile.LNKTYPE, "one/a.py"),
    )

    assert _extract(tmp_path, data) == Extraction(files=2, bytes=2, links=1)
    assert _files(tmp_path) == {"one/a.py": b"x", "one/b.py": b"x"}


def test_a_link_in_a_zip_is_left_out(tmp_path: Path):
    data = _zip(("one/a.py", b"x"), ("one/link", b"a.py"), modes={"one/link": stat.S_IFLNK | 0o777})

    assert _extract(tmp_path, data) == Extraction(files=1, bytes=1, links=1)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (_tar(("/etc/passwd", b"x")), "outside the tree"),
        (_tar(("one/../../x", b"x")), "outside the tree"),
        (_tar(("..", b"x")), "outside the tree"),
        (_tar(("C:\\x", b"x")), "outside the tree"),
        (_tar(("one\\..\\..\\x", b"x")), "outside the tree"),
        (_tar(_special("/one", tarfile.DIRTYPE)), "outside the tree"),
        (_tar(("a", b"x"), _special("one/link", tarfile.SYMTYPE, "/etc/passwd")), "points outside"),
        (_tar(("a", b"x"), _special("one/link", tarfile.SYMTYPE, "../../x")), "points outside"),
        (_tar(("a", b"x"), _special("one/link", tarfile.SYMTYPE, "a/../../../x")), "points outside"),
        (_tar(("a", b"x"), _special("b", tarfile.LNKTYPE, "/etc/passwd")), "outside the tree"),
        (_tar(("a", b"x"), _special("b", tarfile.LNKTYPE, "missing")), "no earlier file"),
        (_tar(("a", b"x"), _special("null", tarfile.CHRTYPE)), "a device"),
        (_tar(("a", b"x"), _special("disk", tarfile.BLKTYPE)), "a device"),
        (_tar(("a", b"x"), _special("pipe", tarfile.FIFOTYPE)), "a pipe"),
        (_tar(("a", b"x"), ("a/b", b"x")), "cannot be written"),
        (_tar(("a/b", b"x"), ("a", b"x")), "cannot be written"),
        (_tar(("a" * 300, b"x")), "cannot be written"),
        (_zip(("/etc/passwd", b"x")), "outside the tree"),
        (_zip(("one/../../x", b"x")), "outside the tree"),
        (_zip(("link", b"/etc/passwd"), modes={"link": stat.S_IFLNK | 0o777}), "points outside"),
        (_zip(("null", b""), modes={"null": stat.S_IFCHR | 0o666}), "a device"),
    ],
)
def test_hostile_members_are_refused_and_nothing_is_written_outside(tmp_path: Path, data: bytes, expected: str):
    with pytest.raises(ArchiveError, match=expected) as caught:
        _extract(tmp_path, data)

    assert "one-1.0.archive" in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"one-1.0.archive", "tree"}


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(_tar(("one/zeros", b"\0" * 90_000))),
        bz2.compress(_tar(("one/zeros", b"\0" * 90_000))),
        _zip(("one/zeros", b"\0" * 90_000)),
        _tar(("one/large", bytes(range(256)) * 500)),
        gzip.compress(b"\0" * 90_000),
    ],
    ids=["gzip ratio", "bz2 ratio", "zip ratio", "too large", "only padding"],
)
def test_bombs_stop_at_the_limit(tmp_path: Path, data: bytes):
    with pytest.raises(ArchiveError, match="unpacks to more than"):
        _extract(tmp_path, data)

    assert sum(len(content) for content in _files(tmp_path).values()) <= TINY.max_bytes


def test_a_bomb_hidden_in_a_tar_header_stops_too(tmp_path: Path):
    info = tarfile.TarInfo("one/a")
    info.pax_headers = {"comment": "x" * 90_000}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info)

    with pytest.raises(ArchiveError, match="unpacks to more than"):
        _extract(tmp_path, gzip.compress(stream.getvalue()))


def test_source_code_that_packs_well_is_no_bomb(tmp_path: Path):
    result = _extract(tmp_path, gzip.compress(_tar(("one/a", b"\0" * 5_000))))

    assert result.bytes == 5_000


def test_too_many_members_are_refused(tmp_path: Path):
    with pytest.raises(ArchiveError, match="more than 10 members"):
        _extract(tmp_path, _tar(*((f"one/{number}", b"") for number in range(11))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an archive" * 100,
        gzip.compress(_tar(*MEMBERS))[:-20],
        gzip.compress(_tar(*MEMBERS))[:-8] + b"\0" * 8,
        gzip.compress(b"no tar inside" * 100),
        bz2.compress(_tar(*MEMBERS))[:-20],
        lzma.compress(_tar(*MEMBERS))[:-20],
        b"BZh91AY" + b"x" * 100,
        b"\x1f\x8b\x08\x00" + b"x" * 100,
        _tar(("one/a", b"x" * 3000))[:1500],
        _zip(*MEMBERS)[:-30],
        b"PK\x03\x04" + b"x" * 100,
    ],
)
def test_corrupt_archives_are_refused(tmp_path: Path, data: bytes):
    with pytest.raises(ArchiveError, match=r"one-1\.0\.archive"):
        _extract(tmp_path, data)


def test_a_zip_with_a_wrong_checksum_is_refused(tmp_path: Path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("one/a", b"original")

    with pytest.raises(ArchiveError, match="corrupt"):
        _extract(tmp_path, stream.getvalue().replace(b"original", b"tampered"))


def test_an_encrypted_zip_is_refused(tmp_path: Path):
    data = bytearray(_zip(("one/a", b"x")))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(ArchiveError, match="encrypted"):
        _extract(tmp_path, bytes(data))


@pytest.mark.parametrize("data", [_tar(), _tar(_special("one", tarfile.DIRTYPE)), _zip(), _zip(("one/", b""))])
def test_archives_without_files_are_refused(tmp_path: Path, data: bytes):
    with pytest.raises(ArchiveError, match="holds no files"):
        _extract(tmp_path, data)


@pytest.mark.parametrize("name", ["one/a.py", "one/a..b", "one/...", "./one", "one/c:x"])
def test_odd_but_harmless_names_are_allowed(name: str):
    assert not checked_name(name).is_absolute()
