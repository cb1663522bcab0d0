"""Which files are tests, and which queries ask for them.

A test says what the code does in plain words, often in those of the query, and so it comes before the code that it
tests. Who looks for a test mostly says so. How much is taken off is chosen on dev (`benchmarks/tests_on_dev.py`).
"""

from __future__ import annotations

import re

from xtr_pipeline.corpus.identifiers import split_identifier

# By the conventions of the runners: pytest, unittest, Go, Cargo, Maven and Gradle, JUnit, GoogleTest, Jest and Vitest,
# RSpec, ScalaTest, PHPUnit, XCTest, NUnit and xUnit, ExUnit. Folders of fixtures and test data are among them.
_FOLDERS = frozenset(
    {
        "__fixtures__",
        "__mocks__",
        "__snapshots__",
        "__tests__",
        "fixtures",
        "test",
        "testdata",
        "testing",
        "tests",
        "testsuite",
    }
)
_FILE = re.compile(
    r"^(test_|conftest\.|testharness|testutil)"  # Python, and C++ as leveldb has it
    r"|[_.-](test|tests|unittest)\.[^./]+$"  # Go, C++, JavaScript, Elixir
    r"|\.spec\.[cm]?[jt]sx?$|_spec\.(rb|lua)$"  # elsewhere a spec is no test
    r"|[a-z0-9](Test|Tests|TestCase|Spec)\.(java|kt|scala|cs|php|swift|groovy)$"
)
_DOTTED_FOLDER = re.compile(r"\.(Unit|Integration)?Tests?$")

_WORDS = re.compile(
    r"\b(tests?|tested|testers?|testing|testcases?|unittests?|fixtures?|(fake|mock|stub)s?|mocked|mocking|stubbed|faked)\b",
    re.IGNORECASE,
)


def is_test_file(path: str) -> bool:
    """Whether a file is a test, or there for tests, by its name and its folders.

    Args:
        path: Relative to the searched folder, with forward slashes.
    """
    *folders, name = path.split("/")
    return (
        any(folder.lower() in _FOLDERS or _DOTTED_FOLDER.search(folder) for folder in folders)
        or _FILE.search(name) is not None
    )


def asks_for_tests(query: str) -> bool:
    """Whether a query speaks of tests or of what they are made of: fixtures, mocks, stubs and fakes."""
    return _WORDS.search(" ".join(split_identifier(query))) is not None
