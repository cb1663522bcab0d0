"""The index on disk: round trip, atomicity, damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtr_pipeline.retrieval.index_storage import IndexUnreadableError, load_index, new_folder, save_index
from xtr_pipeline.retrieval.token_index import TokenIndex


@pytest.fixture
def index() -> TokenIndex:
    vectors = np.arange(6, dtype=np.float16).reshape(3, 2)
    return TokenIndex(("a", "b"), ("1", "2"), vectors, np.array([0, 1, 3]), "model")


def test_an_index_comes_back_as_it_was_with_its_vectors_memory_mapped(index: TokenIndex, tmp_path: Path) -> None:
    loaded = load_index(save_index(index, tmp_path / "index"))
    assert isinstance(loaded.vectors, np.memmap)
    np.testing.assert_array_equal(loaded.vectors, index.vectors)
    np.testing.assert_array_equal(loaded.offsets, index.offsets)
    assert (loaded.unit_ids, loaded.text_hashes, loaded.model) == (index.unit_ids, index.text_hashes, index.model)
    assert loaded.content_key == index.content_key


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_index(tmp_path / "nowhere")


@pytest.mark.parametrize("file", ["vectors.npy", "units.parquet", "index.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "garbage"])
def test_a_damaged_index_says_which_folder_to_delete(index: TokenIndex, tmp_path: Path, file: str, damage: str) -> None:
    folder = save_index(index, tmp_path / "index")
    target = folder / file
    if damage == "missing":
        target.unlink()
    elif damage == "cut":
        target.write_bytes(target.read_bytes()[:-4])
    else:
        target.write_bytes(b"garbage")
    with pytest.raises(IndexUnreadableError, match=r"index cannot be read.*delete the folder"):
        load_index(folder)


def test_nothing_remains_of_a_folder_whose_writing_failed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="disk"), new_folder(tmp_path / "index") as draft:
        (draft / "half").write_text("")
        raise RuntimeError("disk")
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_writers_of_the_same_content_wins(tmp_path: Path) -> None:
    with new_folder(tmp_path / "index") as slow:
        (slow / "by").write_text("slow")
        with new_folder(tmp_path / "index") as fast:
            (fast / "by").write_text("fast")
    assert (tmp_path / "index" / "by").read_text() == "fast"
    assert [entry.name for entry in tmp_path.iterdir()] == ["index"]
