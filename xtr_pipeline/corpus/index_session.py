"""The HTTP session for package indexes; it reads `file://` indexes too, as pip does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from pypi_simple import PyPISimple
from requests.adapters import BaseAdapter

from xtr_pipeline.corpus.fetch_errors import FetchError, TransientFetchError
from xtr_pipeline.corpus.pip_settings import PipSettings

TRANSIENT_STATUS = frozenset({408, 425, 429})


class FileAdapter(BaseAdapter):
    """Answers `file://` requests from the disk; a folder is answered with its `index.html`."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Returns the file as a response, or 404 when it does not exist."""
        response = requests.Response()
        response.request = request
        response.url = request.url or ""
        path = Path(unquote(urlsplit(response.url).path))
        file = path / "index.html" if path.is_dir() else path
        response.status_code = 200 if file.is_file() else 404
        response.reason = "OK" if file.is_file() else "Not Found"
        if file.is_file():
            response.headers["Content-Type"] = "text/html" if file.suffix == ".html" else "application/octet-stream"
            response.raw = file.open("rb")
        return response

    def close(self) -> None:
        """Holds nothing to close."""


@contextmanager
def index_clients(settings: PipSettings) -> Iterator[tuple[PyPISimple, ...]]:
    """Opens one client an index, all over one session with the user's certificates."""
    with requests.Session() as session:
        session.mount("file://", FileAdapter())
        if settings.certificates:
            session.verify = settings.certificates
        yield tuple(PyPISimple(endpoint=index, session=session) for index in settings.indexes)


@contextmanager
def network_errors(what: str) -> Iterator[None]:
    """Turns errors of `requests` into fetch errors; addresses stay out of messages, they can hold passwords.

    Args:
        what: What was being done, for the message.

    Raises:
        TransientFetchError: No answer, a broken one, or one that asks to come back later (408, 425, 429, 5xx).
        FetchError: Any other refusal.
    """
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        heals = status in TRANSIENT_STATUS or status >= 500
        msg = f"{what}: the package index answered HTTP {status}"
        raise (TransientFetchError if heals else FetchError)(msg) from error
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        msg = f"{what}: the package index could not be reached or broke off ({type(error).__name__})"
        raise TransientFetchError(msg) from error
    except requests.RequestException as error:
        msg = f"{what}: the request to the package index failed ({type(error).__name__})"
        raise FetchError(msg) from error
