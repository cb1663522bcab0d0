"""The Fortran runtime that OpenBLAS asks for, on machines that have none.

The `cmeel-openblas` wheel needs `libgfortran.so.5` but does not ship it, and a machine that only has Python has no
gfortran. numpy's wheel does ship that library, under a name with a hash (auditwheel renames what it bundles). The
loader matches by the name that stands inside the file (DT_SONAME), so an in-memory copy with the plain name in it
satisfies OpenBLAS.
"""

from __future__ import annotations

import ctypes
import os
import struct
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

SONAME = b"libgfortran.so.5"

_DT_NULL, _DT_STRTAB, _DT_SONAME = 0, 5, 14
_PT_LOAD, _PT_DYNAMIC = 1, 2


def load_fortran_runtime() -> None:
    """Make `libgfortran.so.5` known to the dynamic loader of this process.

    Raises:
        OSError: When neither the system nor numpy's wheel has one.
    """
    try:
        ctypes.CDLL(SONAME.decode(), mode=os.RTLD_GLOBAL | os.RTLD_LAZY)
        return
    except OSError:
        bundled = _bundled_runtime()
    if bundled is None:
        raise OSError("libgfortran.so.5 is neither installed nor bundled with numpy (cure: install libgfortran5)")
    for needed in sorted(bundled.parent.glob("libquadmath*")):
        ctypes.CDLL(str(needed), mode=os.RTLD_GLOBAL | os.RTLD_LAZY)
    descriptor = os.memfd_create("libgfortran.so.5")
    with os.fdopen(descriptor, "wb", closefd=False) as memory:
        memory.write(with_soname(bundled.read_bytes(), SONAME))
    try:
        ctypes.CDLL(f"/proc/self/fd/{descriptor}", mode=os.RTLD_GLOBAL | os.RTLD_LAZY)
    finally:
        os.close(descriptor)


def with_soname(library: bytes, soname: bytes) -> bytes:
    """Copy of a 64-bit little-endian ELF library that carries another DT_SONAME, written over the old one in place.

    Raises:
        OSError: When the file is not such a library or its own name is shorter than the new one.
    """
    if library[:6] != b"\x7fELF\x02\x01":
        raise OSError("not a 64-bit little-endian ELF library")
    loads, dynamic = _segments(library)
    entries = dict(_dynamic_entries(library, *dynamic))
    if _DT_SONAME not in entries or _DT_STRTAB not in entries:
        raise OSError("the library has no DT_SONAME to replace")
    start = _file_offset(loads, entries[_DT_STRTAB]) + entries[_DT_SONAME]
    old = library[start : library.index(b"\0", start)]
    if len(old) < len(soname):
        raise OSError(f"DT_SONAME {old!r} is shorter than {soname!r}")
    return library[:start] + soname.ljust(len(old), b"\0") + library[start + len(old) :]


def _bundled_runtime() -> Path | None:
    try:
        shipped = files("numpy") or []
    except PackageNotFoundError:
        return None
    named = (entry for entry in shipped if entry.name.startswith("libgfortran") and ".so.5" in entry.name)
    return next((path for path in (Path(str(entry.locate())) for entry in named) if path.exists()), None)


def _segments(library: bytes) -> tuple[list[tuple[int, int, int]], tuple[int, int]]:
    """PT_LOAD segments as (address, file offset, size), PT_DYNAMIC as (file offset, size); gABI chapter 5, ELF-64."""
    header_offset = struct.unpack_from("<Q", library, 32)[0]
    entry_size, count = struct.unpack_from("<HH", library, 54)
    loads: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    for index in range(count):
        kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", library, header_offset + index * entry_size)
        if kind == _PT_LOAD:
            loads.append((address, offset, size))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, size)
    if dynamic is None:
        raise OSError("the library has no dynamic section")
    return loads, dynamic


def _dynamic_entries(library: bytes, offset: int, size: int) -> list[tuple[int, int]]:
    entries = []
    for position in range(offset, offset + size, 16):
        tag, value = struct.unpack_from("<QQ", library, position)
        if tag == _DT_NULL:
            break
        entries.append((tag, value))
    return entries


def _file_offset(loads: list[tuple[int, int, int]], address: int) -> int:
    for start, offset, size in loads:
        if start <= address < start + size:
            return address - start + offset
    raise OSError("the string table lies outside every loaded segment")
