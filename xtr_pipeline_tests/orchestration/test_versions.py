"""What counts as a change."""

import polars as pl

from xtr_pipeline.orchestration.versions import data_version, digest


def test_a_frame_is_known_by_its_content() -> None:
    frame = pl.DataFrame({"a": [1, 2]})
    assert data_version(frame) == data_version(pl.DataFrame({"a": [1, 2]}))
    assert data_version(frame) != data_version(pl.DataFrame({"a": [2, 1]}))
    assert data_version(frame) != data_version(pl.DataFrame({"b": [1, 2]}))


def test_a_record_with_a_fingerprint_may_move() -> None:
    assert data_version({"fingerprint": "f", "folder": "here"}) == data_version({"fingerprint": "f", "folder": "there"})
    assert data_version({"folder": "here"}) != data_version({"folder": "there"})


def test_a_digest_depends_on_every_part_and_their_order() -> None:
    assert digest("a", "b") != digest("b", "a")
    assert digest("ab") != digest("a", "b")
    assert digest({"x": 1, "y": 2}) == digest({"y": 2, "x": 1})
