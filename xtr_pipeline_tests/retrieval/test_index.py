"""Building the index: what is encoded, what is reused, what survives a kill."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.retrieval.index import EncodingError, build_index, drop_other_models
from xtr_pipeline.retrieval.progress import EncodeProgress
from xtr_pipeline.retrieval.token_index import TokenIndex
from xtr_pipeline_tests.retrieval.conftest import make_units
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder, FakeVectors

ROWS = [(f"src/f{number}.py", f"name{number}", f"def name{number}(): return {number}") for number in range(7)]


def assert_holds(index: TokenIndex, units: pl.DataFrame) -> None:
    """The index holds exactly the vectors that encoding each unit anew gives."""
    units = units.sort("unit_id")
    assert index.unit_ids == tuple(units["unit_id"])
    fresh = FakeEncoder().encode_documents(render_units(units))
    np.testing.assert_array_equal(index.offsets, fresh.offsets)
    np.testing.assert_array_equal(index.vectors, fresh.vectors)


def files_below(folder: Path) -> set[str]:
    return {file.name for file in folder.rglob("*") if file.is_file()}


def test_a_first_build_encodes_every_unit_and_orders_them_by_id(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = make_units(ROWS[::-1])
    assert_holds(build_index(units, encoder, tmp_path), units)
    assert len(encoder.encoded) == 7


def test_an_unchanged_build_encodes_nothing_and_reports_no_progress(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = make_units(ROWS)
    build_index(units, encoder, tmp_path)
    again = FakeEncoder()
    reports: list[EncodeProgress] = []
    assert_holds(build_index(units, again, tmp_path, reports.append), units)
    assert again.encoded == [] and reports == []


def test_only_a_changed_unit_is_encoded_again(tmp_path: Path, encoder: FakeEncoder) -> None:
    build_index(make_units(ROWS), encoder, tmp_path)
    changed = make_units([*ROWS[:3], ("src/f3.py", "name3", "def name3(): return 'new'"), *ROWS[4:]])
    again = FakeEncoder()
    assert_holds(build_index(changed, again, tmp_path), changed)
    assert len(again.encoded) == 1 and "new" in again.encoded[0]


def test_a_unit_that_only_moved_is_not_encoded_again(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = make_units(ROWS)
    build_index(units, encoder, tmp_path)
    moved = units.with_columns(pl.col("unit_id").str.replace("@1-2", "@11-12"), pl.col("start_line") + 10)
    again = FakeEncoder()
    assert_holds(build_index(moved, again, tmp_path), moved)
    assert again.encoded == []


def test_rows_of_vanished_units_are_dropped(tmp_path: Path, encoder: FakeEncoder) -> None:
    build_index(make_units(ROWS), encoder, tmp_path)
    fewer = make_units(ROWS[2:5])
    assert_holds(build_index(fewer, FakeEncoder(), tmp_path), fewer)
    assert len(list(tmp_path.rglob("vectors.npy"))) == 1


def test_equal_texts_are_encoded_once(tmp_path: Path, encoder: FakeEncoder) -> None:
    twice = make_units([ROWS[0], ROWS[1]])
    twice = pl.concat([twice, twice.with_columns(pl.col("unit_id") + "9")])
    assert_holds(build_index(twice, encoder, tmp_path), twice)
    assert len(encoder.encoded) == 2


def test_another_model_has_an_index_of_its_own(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = make_units(ROWS)
    build_index(units, encoder, tmp_path)
    other = FakeEncoder(fingerprint="another-model-fingerprint")
    assert build_index(units, other, tmp_path).model == other.fingerprint
    assert len(other.encoded) == 7
    again = FakeEncoder()
    build_index(units, again, tmp_path)
    assert again.encoded == []


def test_indexes_of_other_models_can_be_dropped(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = make_units(ROWS)
    other = FakeEncoder(fingerprint="another-model-fingerprint")
    build_index(units, encoder, tmp_path)
    build_index(units, other, tmp_path)
    assert [folder.name for folder in drop_other_models(tmp_path, {encoder.fingerprint})] == [other.fingerprint[:16]]
    assert [folder.name for folder in tmp_path.iterdir()] == [encoder.fingerprint[:16]]
    assert drop_other_models(tmp_path / "never made", {encoder.fingerprint}) == []


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    units = make_units(ROWS)
    with pytest.raises(KeyboardInterrupt):
        build_index(units, FakeEncoder(fail_after=4), tmp_path, slab_texts=2)
    again = FakeEncoder()
    assert_holds(build_index(units, again, tmp_path, slab_texts=2), units)
    assert len(again.encoded) == 3
    assert files_below(tmp_path) == {".lock", "vectors.npy", "units.parquet", "index.json"}


def test_of_two_builders_at_once_the_second_finds_the_work_done(tmp_path: Path) -> None:
    units, encoders = make_units(ROWS), [FakeEncoder(), FakeEncoder()]
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda encoder: build_index(units, encoder, tmp_path, slab_texts=1), encoders))
    for index in built:
        assert_holds(index, units)
    assert sorted(len(encoder.encoded) for encoder in encoders) == [0, 7]


class SlowEncoder(FakeEncoder):
    """Takes its time after the second slab, so that it can be killed there."""

    def encode_documents(self, texts: list[str], *_: object) -> FakeVectors:  # type: ignore[override]
        if len(self.encoded) >= 4:
            time.sleep(60)
        return super().encode_documents(texts)


def build_slowly(cache: Path) -> None:
    build_index(make_units(ROWS), SlowEncoder(), cache, slab_texts=2)


def test_a_killed_process_leaves_its_finished_slabs_and_no_lock(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=build_slowly, args=(tmp_path,))
    process.start()
    deadline = time.monotonic() + 40
    # started anew and not forked: a fork would inherit the locks of polars' threads
    while len(list(tmp_path.rglob("*.npz"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    again = FakeEncoder()
    assert_holds(build_index(make_units(ROWS), again, tmp_path, slab_texts=2), make_units(ROWS))
    assert len(again.encoded) == 3


def test_a_damaged_index_is_built_again_with_a_warning(
    tmp_path: Path, encoder: FakeEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    units = make_units(ROWS)
    build_index(units, encoder, tmp_path)
    next(tmp_path.rglob("vectors.npy")).write_bytes(b"garbage")
    with caplog.at_level(logging.WARNING):
        assert_holds(build_index(units, FakeEncoder(), tmp_path), units)
    assert "cannot be read" in caplog.text


def test_a_damaged_slab_is_encoded_again_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    units = make_units(ROWS)
    with pytest.raises(KeyboardInterrupt):
        build_index(units, FakeEncoder(fail_after=4), tmp_path, slab_texts=2)
    next(tmp_path.rglob("*.npz")).write_bytes(b"garbage")
    again = FakeEncoder()
    with caplog.at_level(logging.WARNING):
        assert_holds(build_index(units, again, tmp_path, slab_texts=2), units)
    assert len(again.encoded) == 5 and "is damaged" in caplog.text


def test_drafts_of_a_killed_writer_are_swept_up(tmp_path: Path, encoder: FakeEncoder) -> None:
    draft = tmp_path / encoder.fingerprint[:16] / ".abc.12345678.draft"
    draft.mkdir(parents=True)
    build_index(make_units(ROWS), encoder, tmp_path)
    assert not draft.exists()


def test_progress_reaches_one_and_counts_units_and_tokens(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = make_units(ROWS)
    reports: list[EncodeProgress] = []
    index = build_index(units, encoder, tmp_path, reports.append, slab_texts=3)
    shares = [report.share for report in reports]
    assert shares == sorted(shares) and shares[0] < 0.5 and shares[-1] == 1.0
    assert reports[-1].texts == reports[-1].total_texts == 7
    assert reports[-1].tokens == index.tokens


def test_no_units_are_refused(tmp_path: Path, encoder: FakeEncoder) -> None:
    with pytest.raises(ValueError, match="no code units"):
        build_index(make_units(ROWS).clear(), encoder, tmp_path)


def test_units_with_equal_ids_are_refused_before_anything_is_encoded(tmp_path: Path, encoder: FakeEncoder) -> None:
    units = make_units(ROWS)
    with pytest.raises(ValueError, match=r"7 unit ids occur more than once, first demo/src/f0.py"):
        build_index(pl.concat([units, units]), encoder, tmp_path)
    assert encoder.encoded == []


def test_vectors_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    class Broken(FakeEncoder):
        def encode_documents(self, texts: list[str], *_: object) -> FakeVectors:  # type: ignore[override]
            good = super().encode_documents(texts)
            return FakeVectors(np.full_like(good.vectors, np.nan), good.offsets)

    with pytest.raises(EncodingError, match="NaN"):
        build_index(make_units(ROWS), Broken(), tmp_path)


def test_an_encoder_that_loses_a_text_is_refused(tmp_path: Path) -> None:
    class Lossy(FakeEncoder):
        def encode_documents(self, texts: list[str], *_: object) -> FakeVectors:  # type: ignore[override]
            return super().encode_documents(texts[:-1])

    with pytest.raises(EncodingError, match=r"7 offsets.*for 7 texts"):
        build_index(make_units(ROWS), Lossy(), tmp_path)
