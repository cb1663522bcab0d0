"""Tensors of a PyTorch file (`torch.save` since 1.6, a zip archive), read and written without PyTorch.

google/xtr-base-en has its head in one (`2_Dense/pytorch_model.bin`), and the tools that search with it read it there.

The archive holds a pickle, which could name any function to be called, and a file of numbers for each storage. Read is
what a dictionary of plain tensors needs, `torch.load` with `weights_only` has the same rule; nothing else is looked up.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.bert_config import CheckpointError

STORAGES: Mapping[str, str] = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8"}
_CURE = "convert it to safetensors, with the names that it has (safetensors.torch.save_file), and put that beside it"


def read_torch_file(path: Path) -> dict[str, NDArray[Any]]:
    """All tensors of a dictionary of tensors, by name.

    Raises:
        CheckpointError: When the file is no such archive, or asks for more than dense floats on a CPU.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (described,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
            folder = described.removesuffix("data.pkl")
            order = f"{folder}byteorder"
            if order in archive.namelist() and archive.read(order) != b"little":
                raise _NotPlainError("numbers of a big-endian machine")
            pickled = io.BytesIO(archive.read(described))
            found = _Unpickler(pickled, lambda key: archive.read(f"{folder}data/{key}")).load()
    except _NotPlainError as error:
        raise CheckpointError(f"{path} holds {error}, not a plain dictionary of tensors; {_CURE}") from error
    except (zipfile.BadZipFile, ValueError, KeyError, IndexError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} cannot be read as a PyTorch archive ({error}); {_CURE}") from error
    if not isinstance(found, dict) or not all(isinstance(tensor, np.ndarray) for tensor in found.values()):
        raise CheckpointError(f"{path} holds something else than a dictionary of tensors; {_CURE}")
    return {str(name): tensor for name, tensor in found.items()}


class _NotPlainError(Exception):
    """What the pickle asks for is not needed for plain tensors."""


class _Unpickler(pickle.Unpickler):
    """Makes arrays of tensors, and nothing of anything else."""

    def __init__(self, file: io.BytesIO, storage: Callable[[str], bytes]) -> None:
        super().__init__(file)
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        """Only what a dictionary of tensors is made of."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise _NotPlainError(f"{module}.{name}")

    def persistent_load(self, reference: Any) -> NDArray[Any]:
        """The numbers of one storage."""
        kind, dtype, key, _, _ = reference
        if kind != "storage":
            raise _NotPlainError(f"a {kind}")
        return np.frombuffer(self._storage(str(key)), dtype=dtype)


def _rebuilt(
    storage: NDArray[Any], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> NDArray[Any]:
    if len(shape) != len(strides) or min((*shape, *strides, offset), default=0) < 0:
        raise _NotPlainError(f"a tensor of shape {shape} with strides {strides}")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if 0 not in shape and last >= len(storage):
        raise _NotPlainError(f"a tensor of shape {shape} in a storage of {len(storage)} numbers")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps).copy()


def write_torch_file(tensors: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    """Write a dictionary of tensors as `torch.save` does; `torch.load` reads it, with `weights_only` too.

    Args:
        tensors: By name.
        path: The file.
    """
    # written out, since pickle could only name torch's functions where torch is installed
    pickled = io.BytesIO()
    pickled.write(pickle.PROTO + b"\x02" + _global("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE)
    pickled.write(pickle.MARK)
    dense = {name: np.array(tensor, dtype="<f4", order="C") for name, tensor in tensors.items()}
    for key, (name, tensor) in enumerate(dense.items()):
        strides = [stride // tensor.itemsize for stride in tensor.strides]
        storage = _text("storage") + _global("torch", "FloatStorage") + _text(str(key)) + _text("cpu")
        pickled.write(_text(name) + _global("torch._utils", "_rebuild_tensor_v2") + pickle.MARK)
        pickled.write(pickle.MARK + storage + _int(tensor.size) + pickle.TUPLE + pickle.BINPERSID + _int(0))
        for numbers in (tensor.shape, strides):
            pickled.write(pickle.MARK + b"".join(map(_int, numbers)) + pickle.TUPLE)
        hooks = _global("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
        pickled.write(pickle.NEWFALSE + hooks + pickle.TUPLE + pickle.REDUCE)
    pickled.write(pickle.SETITEMS + pickle.STOP)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}/data.pkl", pickled.getvalue())
        archive.writestr(f"{path.stem}/byteorder", "little")
        for key, tensor in enumerate(dense.values()):
            archive.writestr(f"{path.stem}/data/{key}", tensor.tobytes())
        archive.writestr(f"{path.stem}/version", "3\n")


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(text.encode())) + text.encode()


def _int(number: int) -> bytes:
    return pickle.BININT + struct.pack("<i", number)
