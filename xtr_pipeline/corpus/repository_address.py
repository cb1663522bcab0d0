"""Where a repository lies, in a form in which two spellings of one place are equal.

Addresses are those of `git clone` (gitglossary "URL"): `scheme://user@host:port/path`, `user@host:path`, and folders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_SCP = re.compile(r"(?:[\w.-]+@)([\w.-]+):(.*)", re.DOTALL)
_DEFAULT_PORT = re.compile(r":(22|80|443)?$")


@dataclass(frozen=True)
class RepositoryAddress:
    """A repository's place.

    Attributes:
        host: In lower case, without user and default port; empty for a folder on this machine and a bare name.
        components: Of the path, as written, without query, fragment, empty ones and a trailing `.git`.
    """

    host: str
    components: tuple[str, ...]

    def __str__(self) -> str:
        """The address without scheme and user; remote ones in lower case, because most hosts ignore it."""
        path = "/".join(self.components)
        return f"{self.host}/{path.lower()}" if self.host else f"/{path}"


def parse_address(text: str) -> RepositoryAddress:
    """Takes a URL, `user@host:path`, a folder, `owner/name` or a bare name apart; nothing is looked up."""
    text = text.strip()
    if url := _URL.fullmatch(text):
        scheme, authority, path = url.groups()
        # other transports have no query: what follows a ? or # names a file there
        path = unquote(re.split(r"[?#]", path)[0] if scheme.lower() in ("http", "https") else path)
        host = _DEFAULT_PORT.sub("", authority.rpartition("@")[2].lower())
        return RepositoryAddress("" if scheme.lower() == "file" else host, _components(path))
    if scp := _SCP.fullmatch(text):
        return RepositoryAddress(scp[1].lower(), _components(scp[2]))
    return RepositoryAddress("", _components(text))


def resolve_address(text: str) -> RepositoryAddress:
    """Like `parse_address`; an absolute folder on this machine (`file://` too) is followed through its links."""
    address = parse_address(text)
    is_folder = text.startswith("/") or text.lower().startswith("file:")
    return parse_address(str(Path(str(address)).resolve())) if is_folder else address


def _components(path: str) -> tuple[str, ...]:
    parts = [part for part in re.split(r"[/\\]", path) if part not in ("", ".")]
    while parts and parts[-1].lower() == ".git":
        parts.pop()
    if parts:
        parts[-1] = re.sub(r"\.git$", "", parts[-1], flags=re.IGNORECASE)
    return tuple(parts)
