"""From a folder of code to a searcher."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtr_pipeline.retrieval.sources import NoUnitsError, searcher_for_folder, searcher_for_units
from xtr_pipeline_tests.retrieval.conftest import make_units
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "net.py").write_text('def open_socket(host):\n    """Connect to a host."""\n    return host\n')
    (root / "src" / "dates.py").write_text("def format_day(day):\n    return str(day)\n")
    (root / "generated.py").write_text("def open_socket(): pass\n")
    (root / ".gitignore").write_text("generated.py\n")
    return root


def test_a_folder_is_cut_encoded_and_searched_with_paths_relative_to_it(
    project: Path, tmp_path: Path, encoder: FakeEncoder
) -> None:
    searcher = searcher_for_folder(project, encoder, tmp_path / "cache")
    for mode in ("bm25", "semantic", "hybrid"):
        assert searcher.rank_files("open_socket", mode, 1)[0].path == "src/net.py"  # type: ignore[arg-type]
    assert not any("generated" in path for path in searcher.units["path"])


def test_a_second_search_encodes_only_the_edited_file(project: Path, tmp_path: Path, encoder: FakeEncoder) -> None:
    searcher_for_folder(project, encoder, tmp_path / "cache")
    (project / "src" / "dates.py").write_text("# moved down\n\ndef format_day(day):\n    return repr(day)\n")
    again = FakeEncoder()
    searcher_for_folder(project, again, tmp_path / "cache")
    assert again.encoded and all("src/dates.py" in text for text in again.encoded)


def test_keyword_search_of_a_folder_writes_no_index(project: Path, tmp_path: Path) -> None:
    searcher = searcher_for_folder(project, None, tmp_path / "cache")
    assert searcher.rank_files("formatDay", "bm25", 1)[0].path == "src/dates.py"
    assert not (tmp_path / "cache").exists()


def test_a_folder_without_code_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoUnitsError, match="empty"):
        searcher_for_folder(tmp_path / "empty", None, tmp_path / "cache")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(NotADirectoryError, match=r"a\.py is not a folder"):
        searcher_for_folder(tmp_path / "a.py", None, tmp_path / "cache")


def test_no_units_are_no_corpus() -> None:
    with pytest.raises(NoUnitsError, match="no code units"):
        searcher_for_units(make_units([("a.py", "a", "a")]).clear(), None, None)


def test_an_encoder_needs_a_place_for_its_index(encoder: FakeEncoder) -> None:
    with pytest.raises(ValueError, match="needs a cache folder"):
        searcher_for_units(make_units([("a.py", "a", "a")]), encoder, None)
