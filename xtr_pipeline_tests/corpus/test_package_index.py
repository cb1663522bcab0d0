"""Downloading pinned distributions from an index."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from xtr_pipeline.corpus.fetch_errors import FetchError, TransientFetchError
from xtr_pipeline.corpus.package_index import Wanted, download, download_distribution
from xtr_pipeline.corpus.pip_settings import PipSettings
from xtr_pipeline_tests.corpus.small_index import SmallIndex

CONTENT = b"an archive"
SHA = hashlib.sha256(CONTENT).hexdigest()
NOWHERE = PipSettings(("http://127.0.0.1:9/",), None, 2.0)


@pytest.fixture
def index(tmp_path: Path) -> SmallIndex:
    return SmallIndex(tmp_path / "index")


def test_an_sdist_is_downloaded_under_its_own_name(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.tar.gz", b"older")
    index.add("one", "one-1.1.tar.gz", CONTENT)

    file = download(Wanted("One", "1.1", "sdist", SHA), tmp_path / "downloads", index.settings)

    assert file == tmp_path / "downloads/one-1.1.tar.gz"
    assert file.read_bytes() == CONTENT
    assert list(file.parent.iterdir()) == [file]


def test_versions_are_compared_as_versions(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.0.tar.gz", CONTENT)

    assert download(Wanted("one", "1.0", "sdist", SHA), tmp_path, index.settings).name == "one-1.0.0.tar.gz"


def test_a_file_that_is_there_already_is_not_asked_for_again(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.tar.gz", CONTENT)
    wanted = Wanted("one", "1.0", "sdist", SHA)
    first = download(wanted, tmp_path / "downloads", index.settings)

    assert download(wanted, tmp_path / "downloads", NOWHERE) == first
    assert download_distribution("one", "1.0", "sdist", SHA, tmp_path / "downloads") == first


def test_a_damaged_earlier_download_is_replaced(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.tar.gz", CONTENT)
    (tmp_path / "one-1.0.tar.gz").write_bytes(b"half")

    assert download(Wanted("one", "1.0", "sdist", SHA), tmp_path, index.settings).read_bytes() == CONTENT


def test_without_a_hash_the_one_that_the_index_states_is_checked(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.tar.gz", CONTENT)
    index.add("two", "two-1.0.tar.gz", CONTENT, stated_sha256="00" * 32)
    index.add("three", "three-1.0.tar.gz", CONTENT, stated_sha256=None)

    assert download(Wanted("one", "1.0", "sdist", None), tmp_path, index.settings).read_bytes() == CONTENT
    with pytest.raises(FetchError, match="wrong hash"):
        download(Wanted("two", "1.0", "sdist", None), tmp_path, index.settings)
    with pytest.raises(FetchError, match="cannot be trusted"):
        download(Wanted("three", "1.0", "sdist", None), tmp_path, index.settings)


def test_a_wrong_hash_names_both_and_leaves_nothing(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.tar.gz", CONTENT)

    with pytest.raises(FetchError, match=r"sdist of one 1\.0: wrong hash") as caught:
        download(Wanted("one", "1.0", "sdist", "00" * 32), tmp_path / "downloads", index.settings)

    assert SHA in str(caught.value)
    assert "00" * 32 in str(caught.value)
    assert not (tmp_path / "downloads").exists()


def test_a_file_that_is_not_what_the_index_says_is_thrown_away(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.tar.gz", b"tampered", stated_sha256=SHA)

    with pytest.raises(FetchError, match="the downloaded file has"):
        download(Wanted("one", "1.0", "sdist", SHA), tmp_path / "downloads", index.settings)

    assert list((tmp_path / "downloads").iterdir()) == []


def test_a_missing_project_version_or_kind_is_told_apart(index: SmallIndex, tmp_path: Path):
    index.add("one", "one-1.0.tar.gz", CONTENT)

    with pytest.raises(FetchError, match="no project of that name"):
        download(Wanted("two", "1.0", "sdist", SHA), tmp_path, index.settings)
    with pytest.raises(FetchError, match=r"sdist of one 2\.0.*lists a sdist of 1\.0"):
        download(Wanted("one", "2.0", "sdist", SHA), tmp_path, index.settings)
    with pytest.raises(FetchError, match="lists a wheel of no release"):
        download(Wanted("one", "1.0", "wheel", SHA), tmp_path, index.settings)


def test_the_wheel_for_every_platform_is_taken_or_the_one_with_the_hash(index: SmallIndex, tmp_path: Path):
    single = index.add("one", "one-1.0-cp311-cp311-linux_x86_64.whl", b"linux")
    index.add("one", "one-1.0-py3-none-any.whl", b"any")
    index.add("two", "two-1.0-cp311-cp311-linux_x86_64.whl", b"linux")

    assert download(Wanted("one", "1.0", "wheel", None), tmp_path, index.settings).read_bytes() == b"any"
    assert download(Wanted("one", "1.0", "wheel", single), tmp_path, index.settings).read_bytes() == b"linux"
    with pytest.raises(FetchError, match="give the SHA-256 of one of the files"):
        download(Wanted("two", "1.0", "wheel", None), tmp_path, index.settings)


def test_the_next_index_is_asked_when_the_first_does_not_have_it(index: SmallIndex, tmp_path: Path):
    second = SmallIndex(tmp_path / "second")
    second.add("one", "one-1.0.tar.gz", CONTENT)
    both = PipSettings((*index.settings.indexes, *second.settings.indexes), None, 5.0)

    assert download(Wanted("one", "1.0", "sdist", SHA), tmp_path, both).read_bytes() == CONTENT


@contextmanager
def _server(status: int, page: bytes = b"", length: int | None = None) -> Iterator[PipSettings]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_page = self.path.endswith("/")
            body = page if is_page else CONTENT
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body) if is_page or length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield PipSettings((f"http://user:secret@127.0.0.1:{server.server_port}/simple/",), None, 5.0)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PAGE = f'<a href="one-1.0.tar.gz#sha256={SHA}">one-1.0.tar.gz</a>'.encode()


def test_the_same_works_over_http(tmp_path: Path):
    with _server(200, PAGE) as settings:
        assert download(Wanted("one", "1.0", "sdist", SHA), tmp_path, settings).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_server_in_trouble_is_worth_another_try(status: int, tmp_path: Path):
    with _server(status) as settings, pytest.raises(TransientFetchError, match=f"HTTP {status}") as caught:
        download(Wanted("one", "1.0", "sdist", SHA), tmp_path, settings)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403, 410])
def test_a_refusal_is_final(status: int, tmp_path: Path):
    with _server(status) as settings, pytest.raises(FetchError, match=f"HTTP {status}") as caught:
        download(Wanted("one", "1.0", "sdist", SHA), tmp_path, settings)

    assert not isinstance(caught.value, TransientFetchError)


def test_a_connection_that_breaks_off_is_worth_another_try_and_leaves_nothing(tmp_path: Path):
    with _server(200, PAGE, length=len(CONTENT) + 5) as settings, pytest.raises(TransientFetchError, match="broke off"):
        download(Wanted("one", "1.0", "sdist", SHA), tmp_path / "downloads", settings)

    assert list((tmp_path / "downloads").iterdir()) == []


def test_an_index_that_does_not_answer_is_worth_another_try(tmp_path: Path):
    with pytest.raises(TransientFetchError, match="could not be reached"):
        download(Wanted("one", "1.0", "sdist", SHA), tmp_path, NOWHERE)
