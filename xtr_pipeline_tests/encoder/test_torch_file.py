"""PyTorch's files without PyTorch: what it wrote is read, what we write it reads, and nothing in them is called."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtr_pipeline.encoder.bert_config import CheckpointError
from xtr_pipeline.encoder.torch_file import read_torch_file, write_torch_file

FIXTURES = Path(__file__).parent / "fixtures"


def _archive(path: Path, pickled: bytes, **storages: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, content in storages.items():
            archive.writestr(f"archive/{name.replace('_', '/')}", content)
    return path


def test_what_pytorch_wrote_is_read():
    head = FIXTURES / "tiny_t5" / "2_Dense"
    ((name, weight),) = read_torch_file(head / "pytorch_model.bin").items()
    # that its numbers are right is what the parity of the T5's vectors rests on (test_t5)
    assert (name, weight.shape, weight.dtype) == ("linear.weight", (8, 24), np.float32)


def test_what_is_written_is_read_again(tmp_path: Path):
    draw = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)
    tensors = {"linear.weight": draw, "turned": draw.T, "ünicode": draw[0], "scalar": np.float32(3).reshape(())}
    write_torch_file(tensors, tmp_path / "pytorch_model.bin")
    found = read_torch_file(tmp_path / "pytorch_model.bin")
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], tensor)


class _Evil:
    """Creates a file when it is unpickled by Python's own rules."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def test_nothing_that_a_pickle_names_is_called(tmp_path: Path):
    touched = tmp_path / "touched"
    path = _archive(tmp_path / "evil.bin", pickle.dumps({"linear.weight": _Evil(touched)}, protocol=2))
    with pytest.raises(CheckpointError, match=r"evil\.bin holds .*open, not a plain dictionary .*safetensors"):
        read_torch_file(path)
    assert not touched.exists()
    pickle.load(io.BytesIO(pickle.dumps(_Evil(touched))))
    assert touched.exists()  # the pickle would have


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"data_0": b"\0" * 8}, "in a storage of 2 numbers"),
        ({"data_0": b"\0" * 7}, "cannot be read"),
        ({"byteorder": b"big"}, "big-endian"),
        ({"data.pkl": pickle.dumps([1], protocol=2)}, "something else than a dictionary"),
        ({"data.pkl": b"\x80\x02"}, "cannot be read"),
    ],
)
def test_a_damaged_file_is_named_with_the_cure(tmp_path: Path, change: dict[str, bytes], problem: str):
    path = tmp_path / "pytorch_model.bin"
    write_torch_file({"linear.weight": np.ones((2, 3), dtype=np.float32)}, path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= {f"pytorch_model/{name.replace('_', '/')}": part for name, part in change.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    with pytest.raises(CheckpointError, match=problem) as raised:
        read_torch_file(path)
    assert str(path) in str(raised.value)
    assert "safetensors" in str(raised.value)


def test_another_format_is_named_with_the_cure(tmp_path: Path):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(pickle.dumps({"linear.weight": [1.0]}))
    with pytest.raises(CheckpointError, match="cannot be read as a PyTorch archive"):
        read_torch_file(path)
