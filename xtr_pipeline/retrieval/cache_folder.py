"""Where searches of a user's own folders keep their indexes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def user_cache(environ: Mapping[str, str], platform: str, home: Path) -> Path:
    """The cache folder of this tool: XTR_CACHE, or the platform's place for caches.

    Args:
        environ: Environment variables; XTR_CACHE wins, then XDG_CACHE_HOME where it is absolute (its specification
            says to ignore relative ones).
        platform: As `sys.platform`; macOS has its own place, everything else follows XDG.
        home: The user's home folder.
    """
    if own := environ.get("XTR_CACHE"):
        return Path(own).expanduser()
    if platform == "darwin":
        return home / "Library" / "Caches" / "xtr"
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else home / ".cache") / "xtr"


def folder_cache(cache: Path, root: Path) -> Path:
    """The part of the cache that belongs to one folder of code: readable name plus a digest of the full path."""
    resolved = root.resolve()
    digest = hashlib.sha256(str(resolved).encode(errors="surrogateescape")).hexdigest()[:12]
    return cache / "index" / f"{resolved.name or 'root'}-{digest}"
