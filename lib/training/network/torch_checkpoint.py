"""Reads a PyTorch checkpoint of plain tensors without PyTorch, and without executing code.

The legacy format is five pickles (magic number, protocol, system, the tensors, the storage
keys) followed by the raw storages. A pickle is a program: the author of the file chooses which
functions are called. Therefore this unpickler allows three kinds of names and rejects all others,
and its result is validated before use.
"""

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.core.errors import WeightsError

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # torch/serialization.py
PROTOCOL_VERSION = 1001
MAX_DIMENSIONS = 32

# Strings, because they are immutable: a pickle can change the state of objects it names.
STORAGE_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}


class _RefusedError(Exception):
    """Why a file cannot be read, as the end of a sentence."""


@dataclass(frozen=True)
class _Storage:
    """A storage as described in the pickle: key, data type and length."""

    key: Any
    dtype: Any
    size: Any


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage, not yet checked."""

    storage: Any
    offset: Any
    shape: Any
    strides: Any


# The Python implementation: the C version allocates memory for every memo index up to the largest
# one, so that six bytes of a hostile file could allocate 64 GB.
class _Unpickler(pickle._Unpickler):
    """Allows only OrderedDict, `_rebuild_tensor_v2` and the names of the storages."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            # A new function each time, because the pickle could set its attributes.
            return lambda storage, offset, shape, strides, *_: _Tensor(
                storage, offset, shape, strides
            )
        if module == "torch" and name in STORAGE_DTYPES:
            return STORAGE_DTYPES[name]
        raise _RefusedError(f"it asks for {module}.{name}, which is not a plain tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        if not (isinstance(pid, tuple) and len(pid) == 6 and pid[0] == "storage"):
            raise _RefusedError("it refers to something that is not a storage")
        _, dtype, key, _, size, view = pid
        if view is not None:
            raise _RefusedError("it holds a view of a storage")
        return _Storage(key, dtype, size)


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 0


def _read_storages(file: io.BytesIO, claimed: Mapping[str, _Storage]) -> dict[str, Any]:
    """The raw storages, each a flat array that shares the memory of the file."""
    keys = _Unpickler(file).load()
    if not isinstance(keys, list) or any(type(key) is not str for key in keys):
        raise _RefusedError("its list of storages is not a list of names")
    if set(keys) != set(claimed) or len(keys) != len(claimed):
        raise _RefusedError("its tensors and its storages do not match")
    buffer = file.getbuffer()
    storages = {}
    position = file.tell()
    for key in keys:
        dtype = np.dtype(claimed[key].dtype)
        if position + 8 > len(buffer):
            raise _RefusedError("it ends in the middle of a storage")
        (size,) = struct.unpack_from("<q", buffer, position)
        if size != claimed[key].size:
            raise _RefusedError(f"storage {key} has {size} values instead of {claimed[key].size}")
        position += 8
        if position + size * dtype.itemsize > len(buffer):
            raise _RefusedError("it ends in the middle of a storage")
        storages[key] = np.frombuffer(buffer, dtype, size, position)
        position += size * dtype.itemsize
    if position != len(buffer):
        raise _RefusedError("something follows its last storage")
    return storages


def _check_tensor(name: Any, tensor: Any) -> None:
    if type(name) is not str or not isinstance(tensor, _Tensor):
        raise _RefusedError("it holds something else than named tensors")
    storage, shape, strides = tensor.storage, tensor.shape, tensor.strides
    if (
        not isinstance(storage, _Storage)
        or storage.dtype not in STORAGE_DTYPES.values()
        or type(storage.key) is not str
        or not _is_size(storage.size)
    ):
        raise _RefusedError(f"tensor {name} has no storage of a known type")
    if (
        type(shape) is not tuple
        or type(strides) is not tuple
        or len(shape) != len(strides)
        or len(shape) > MAX_DIMENSIONS
        or not all(map(_is_size, (*shape, *strides, tensor.offset)))
    ):
        raise _RefusedError(f"tensor {name} has no valid shape and strides")
    last = tensor.offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    # More elements than the storage has means a repeated one: a small file, a huge array.
    if prod(shape) > storage.size or (prod(shape) and last >= storage.size):
        raise _RefusedError(f"tensor {name} reaches beyond its storage")


def _read(data: bytes) -> dict[str, npt.NDArray[Any]]:
    file = io.BytesIO(data)
    if _Unpickler(file).load() != MAGIC_NUMBER:
        raise _RefusedError("its magic number is another one")
    if _Unpickler(file).load() != PROTOCOL_VERSION:
        raise _RefusedError("its protocol version is another one")
    system = _Unpickler(file).load()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise _RefusedError("it was not written on a little-endian machine")
    tensors = _Unpickler(file).load()
    if not isinstance(tensors, dict):
        raise _RefusedError("it holds something else than named tensors")
    claimed: dict[str, _Storage] = {}
    for name, tensor in tensors.items():
        _check_tensor(name, tensor)
        if claimed.setdefault(tensor.storage.key, tensor.storage) != tensor.storage:
            raise _RefusedError(f"tensor {name} describes its storage differently from another one")
    storages = _read_storages(file, claimed)
    arrays = {}
    for name, tensor in tensors.items():
        flat = storages[tensor.storage.key]
        arrays[name] = np.lib.stride_tricks.as_strided(
            flat[tensor.offset :] if prod(tensor.shape) else flat[:0],
            tensor.shape,
            [step * flat.itemsize for step in tensor.strides],
        ).copy()
    return arrays


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a legacy-format `.pth` file that holds a flat dict of plain tensors.

    Args:
        path: The file. It may come from anyone: nothing in it is executed.

    Returns:
        Name -> array, in the order of the file. PyTorch's own layout: convolution kernels are
        (out channels, in channels, height, width), dense ones (outputs, inputs).

    Raises:
        WeightsError: If the file cannot be read, is cut off or holds anything else.

    Reference:
        torch/serialization.py, `_legacy_save` and `_legacy_load` (pytorch-serialization).
    """
    next_step = "Install the package the file came with again, or choose another backbone."
    try:
        return _read(path.read_bytes())
    except OSError as error:
        raise WeightsError(
            f"The weights in {path.name} could not be opened: {error.strerror or error}.", next_step
        ) from error
    except _RefusedError as error:
        raise WeightsError(
            f"The weights in {path.name} were refused: {error}.", next_step
        ) from None
    except Exception as error:
        # A damaged or hostile pickle can fail in any way: EOFError, KeyError, MemoryError ...
        raise WeightsError(
            f"The weights in {path.name} were refused: the file is damaged "
            f"({type(error).__name__}).",
            next_step,
        ) from error
