"""Downloading one pinned distribution from the package index that pip is configured for; nothing is ever built."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.version import InvalidVersion, Version
from pypi_simple import DistributionPackage, NoSuchProjectError, PyPISimple, UnparsableFilenameError, parse_filename

from xtr_pipeline.corpus.digests import file_sha256
from xtr_pipeline.corpus.fetch_errors import FetchError
from xtr_pipeline.corpus.index_session import index_clients, network_errors
from xtr_pipeline.corpus.pip_settings import PipSettings, read_pip_settings

Kind = Literal["sdist", "wheel"]
MAX_DOWNLOAD_BYTES = 2 * 1024**3
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Wanted:
    """One file of one release; `sha256` None means whatever digest the index states."""

    project: str
    version: str
    kind: Kind
    sha256: str | None

    def __str__(self) -> str:
        return f"{self.kind} of {self.project} {self.version}"

    def is_same_release(self, version: str | None, kind: str | None) -> bool:
        """Tells whether a listed file is of this kind and version, however the version is spelled."""
        if kind != self.kind or version is None:
            return False
        try:
            return Version(version) == Version(self.version)
        except InvalidVersion:
            return version == self.version

    def is_candidate(self, package: DistributionPackage) -> bool:
        """Tells whether a file of the same release is the wanted one, as far as the index says."""
        stated = package.digests.get("sha256")
        if self.sha256 is not None:
            return stated in (None, self.sha256)
        return self.kind == "sdist" or package.filename.endswith("-none-any.whl")


def download_distribution(project: str, version: str, kind: Kind, sha256: str | None, into: Path) -> Path:
    """Downloads one file of one release and checks its hash; a file that is already there is not asked for again.

    Args:
        project: Name of the project on the index, in any spelling.
        version: One exact version.
        kind: Which kind of file; for a wheel the one with `sha256`, or without it the one for every platform.
        sha256: The expected SHA-256 in hex; None trusts the digest that the index states.
        into: Folder for downloads; created when missing. The file keeps its name and appears atomically.

    Returns:
        Path of the file.

    Raises:
        TransientFetchError: The index could not be reached.
        FetchError: There is no such project, version or file, or its hash differs.
    """
    return download(Wanted(project, version, kind, sha256), into)


def download(wanted: Wanted, into: Path, settings: PipSettings | None = None) -> Path:
    """Does what `download_distribution` says, by default with pip's settings."""
    present = _already_there(wanted, into)
    if present is not None:
        return present
    settings = settings or read_pip_settings()
    with index_clients(settings) as clients:
        client, package = _find(wanted, clients, settings.timeout)
        return _download(wanted, client, package, into, settings.timeout)


def _already_there(wanted: Wanted, into: Path) -> Path | None:
    """Finds an earlier download by its hash, so that nothing is asked of the network."""
    if wanted.sha256 is None or not into.is_dir():
        return None
    for file in sorted(into.iterdir()):
        try:
            _, version, kind = parse_filename(file.name, wanted.project)
        except UnparsableFilenameError:
            continue
        if wanted.is_same_release(version, kind) and file_sha256(file) == wanted.sha256:
            return file
    return None


def _find(wanted: Wanted, clients: Iterable[PyPISimple], timeout: float) -> tuple[PyPISimple, DistributionPackage]:
    """Looks through the indexes in order; the first one that has the file wins."""
    listed: list[DistributionPackage] = []
    for client in clients:
        with network_errors(str(wanted)):
            try:
                packages = client.get_project_page(wanted.project, timeout=timeout).packages
            except NoSuchProjectError:
                continue
        for package in packages:
            if wanted.is_same_release(package.version, package.package_type) and wanted.is_candidate(package):
                return client, package
        listed += packages
    raise FetchError(_why_not_found(wanted, listed))


def _why_not_found(wanted: Wanted, listed: list[DistributionPackage]) -> str:
    if not listed:
        return f"{wanted}: the package index has no project of that name"
    same = [package for package in listed if wanted.is_same_release(package.version, package.package_type)]
    if same and wanted.sha256 is not None:
        found = "; ".join(f"{package.filename} with {package.digests.get('sha256')}" for package in same)
        return f"{wanted}: wrong hash: SHA-256 {wanted.sha256} was expected, the package index has {found}"
    if same:
        found = ", ".join(package.filename for package in same)
        return f"{wanted}: give the SHA-256 of one of the files for single platforms: {found}"
    versions = dict.fromkeys(package.version or "?" for package in listed if package.package_type == wanted.kind)
    newest = ", ".join(list(versions)[-5:]) or "no release"
    return f"{wanted}: the package index has no such file; it lists a {wanted.kind} of {newest}"


def _download(wanted: Wanted, client: PyPISimple, package: DistributionPackage, into: Path, timeout: float) -> Path:
    """Writes the file beside its final place and renames it there once its hash is right."""
    sha256 = wanted.sha256 or package.digests.get("sha256")
    if sha256 is None:
        msg = f"{wanted}: neither the caller nor the index states a SHA-256, so it cannot be trusted"
        raise FetchError(msg)
    into.mkdir(parents=True, exist_ok=True)
    target = into / Path(package.filename).name
    partial = into / f".{uuid.uuid4().hex}.partial"
    try:
        with network_errors(str(wanted)):
            actual = _stream_to(partial, client, package.url, timeout)
        if actual is None:
            msg = f"{wanted}: the file is larger than {MAX_DOWNLOAD_BYTES:,} bytes"
            raise FetchError(msg)
        if actual != sha256:
            msg = f"{wanted}: wrong hash: SHA-256 {sha256} was expected, the downloaded file has {actual}"
            raise FetchError(msg)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _stream_to(partial: Path, client: PyPISimple, url: str, timeout: float) -> str | None:
    """Writes the body at `url` to `partial`; returns its SHA-256, or None once it is larger than the limit."""
    digest = hashlib.sha256()
    received = 0
    # identity: a server that compresses once more would otherwise hand over another file than the hashed one
    headers = {"Accept-Encoding": "identity"}
    with client.s.get(url, stream=True, timeout=timeout, headers=headers) as response, partial.open("wb") as stream:
        response.raise_for_status()
        for chunk in response.iter_content(CHUNK_BYTES):
            received += len(chunk)
            if received > MAX_DOWNLOAD_BYTES:
                return None
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()
