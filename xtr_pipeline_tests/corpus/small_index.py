"""A package index in a folder, for tests: what the registry sees over HTTP, read through `file://`."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

from xtr_pipeline.corpus.pip_settings import PipSettings


def sdist_bytes(top: str, files: dict[str, str]) -> bytes:
    """Packs text files under one top folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path, text in files.items():
            content = text.encode("utf-8")
            info = tarfile.TarInfo(f"{top}/{path}" if top else path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


class SmallIndex:
    """Files by project, listed on one HTML page a project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    @property
    def settings(self) -> PipSettings:
        """Settings that ask this index only."""
        return PipSettings((f"{self.folder.as_uri()}/",), None, 5.0)

    def add(self, project: str, filename: str, content: bytes, stated_sha256: str | None = "") -> str:
        """Adds a file; the page states its hash, another one, or (None) no hash. Returns the file's SHA-256."""
        page = self.folder / project
        page.mkdir(exist_ok=True)
        (page / filename).write_bytes(content)
        actual = hashlib.sha256(content).hexdigest()
        fragment = "" if stated_sha256 is None else f"#sha256={stated_sha256 or actual}"
        with (page / "index.html").open("a", encoding="utf-8") as html:
            html.write(f'<a href="{filename}{fragment}">{filename}</a>\n')
        return actual
