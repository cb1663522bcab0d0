"""Reading pip's configuration."""

from __future__ import annotations

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from xtr_pipeline.corpus.pip_settings import (
    PipSettings,
    read_pip_settings,
    settings_from_environment,
    settings_from_listing,
)


def test_without_any_setting_the_public_index_is_asked():
    assert settings_from_listing("") == PipSettings((PYPI_SIMPLE_ENDPOINT,), None, 60.0)


def test_the_listing_of_pip_is_understood():
    listing = (
        "global.index-url='https://index.example/simple'\n"
        "global.extra-index-url='file:///more/simple https://other.example/simple'\n"
        "global.cert='/etc/bundle.crt'\n"
        ":env:.default-timeout='180'\n"
        "global.no-color=true\n"
    )

    assert settings_from_listing(listing) == PipSettings(
        ("https://index.example/simple", "file:///more/simple", "https://other.example/simple"),
        "/etc/bundle.crt",
        180.0,
    )


def test_the_environment_wins_over_the_download_section_and_that_over_global():
    lines = ["global.index-url='https://g/'", "download.index-url='https://d/'", ":env:.index-url='https://e/'"]

    assert settings_from_listing("\n".join(lines)).indexes == ("https://e/",)
    assert settings_from_listing("\n".join(lines[:2])).indexes == ("https://d/",)


def test_without_pip_the_variables_count():
    environment = {"PIP_INDEX_URL": "https://e/", "PIP_CERT": "/bundle", "PIP_TIMEOUT": "7", "HOME": "/root"}

    assert settings_from_environment(environment) == PipSettings(("https://e/",), "/bundle", 7.0)


def test_pip_itself_is_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")

    assert read_pip_settings().indexes[0] == "https://index.example/simple"
