"""Which files are tests, and which queries ask for them."""

import pytest

from xtr_pipeline.retrieval.code_of_tests import asks_for_tests, is_test_file


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_client.py",
        "src/pkg/tests/helpers.py",
        "test_client.py",
        "conftest.py",
        "net/http/client_test.go",
        "src/test/java/org/example/Client.java",
        "client/ClientTest.java",
        "Client.UnitTests/Login.cs",
        "src/button.test.tsx",
        "src/__tests__/button.tsx",
        "src/login.spec.mjs",
        "models/user_spec.rb",
        "db/corruption_test.cc",
        "util/testharness.h",
        "pkg/testdata/golden.txt",
        "Tests/AppTests/LoginTests.swift",
        "lib/app_test.exs",
    ],
)
def test_tests_are_known_by_name_and_folder(path: str) -> None:
    assert is_test_file(path)


@pytest.mark.parametrize(
    "path",
    [
        "src/latest/contest.py",
        "src/attestation.rs",
        "pkg/fastest.go",
        "testimony.py",
        "org/Latest.java",
        "spec/openapi.py",
        "src/greatest.test/readme.md",
        "src/inspec.py",
        "src/resource_spec.py",
        "protest_march.py",
        "src/test.rs",
    ],
)
def test_code_with_a_name_like_that_is_none(path: str) -> None:
    assert not is_test_file(path)


@pytest.mark.parametrize(
    "query",
    [
        "test that a dropped connection is noticed",
        "Tests for the parser",
        "fixture with an empty repository",
        "which unittest covers time zones?",
        "a fake clock",
        "mocked HTTP server",
        "TestClient",
        "test_parse_url",
    ],
)
def test_queries_that_speak_of_tests_ask_for_them(query: str) -> None:
    assert asks_for_tests(query)


@pytest.mark.parametrize(
    "query", ["the latest version", "fastest route", "attested keys", "contest entries", "stubborn"]
)
def test_other_queries_do_not(query: str) -> None:
    assert not asks_for_tests(query)
