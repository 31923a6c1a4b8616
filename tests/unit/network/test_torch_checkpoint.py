"""A checkpoint is data: plain tensors are read, everything else is refused unexecuted."""

import pickle
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.core.errors import WeightsError
from lib.training.network import torch_checkpoint
from lib.training.network.torch_checkpoint import MAGIC_NUMBER, PROTOCOL_VERSION

SYSTEM = {"protocol_version": PROTOCOL_VERSION, "little_endian": True}


def inner(value: Any) -> bytes:
    """The opcodes that push a plain value, without the frame of a whole pickle."""
    return pickle.dumps(value, 2)[2:-1]


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def program(*opcodes: bytes) -> bytes:
    return b"\x80\x02" + b"".join(opcodes) + b"."


def storage(key: Any = "0", kind: str = "FloatStorage", size: Any = 6, view: Any = None) -> bytes:
    parts = (inner("storage"), name("torch", kind), inner(key), inner("cpu"), inner(size))
    return b"(" + b"".join(parts) + inner(view) + b"tQ"


def tensor(
    source: bytes | None = None, offset: Any = 0, shape: Any = (2, 3), strides: Any = (3, 1)
) -> bytes:
    return call(
        name("torch._utils", "_rebuild_tensor_v2"),
        storage() if source is None else source,
        inner(offset),
        inner(shape),
        inner(strides),
        inner(False),
        call(name("collections", "OrderedDict")),
    )


def named(**tensors: bytes) -> bytes:
    items = b"".join(inner(key) + value for key, value in tensors.items())
    return program(call(name("collections", "OrderedDict")), b"(", items, b"u")


def raw(*values: float, dtype: str = "<f4", claimed: int | None = None) -> bytes:
    count = len(values) if claimed is None else claimed
    return struct.pack("<q", count) + np.array(values, dtype).tobytes()


def checkpoint(
    tensors: bytes | None = None,
    *,
    magic: Any = MAGIC_NUMBER,
    protocol: Any = PROTOCOL_VERSION,
    system: Any = SYSTEM,
    keys: Any = ("0",),
    storages: bytes | None = None,
) -> bytes:
    return (
        pickle.dumps(magic, 2)
        + pickle.dumps(protocol, 2)
        + pickle.dumps(system, 2)
        + (named(weight=tensor()) if tensors is None else tensors)
        + pickle.dumps(list(keys), 2)
        + (raw(0, 1, 2, 3, 4, 5) if storages is None else storages)
    )


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read_bytes(data: bytes) -> dict[str, np.ndarray]:
        path = tmp_path / "weights.pth"
        path.write_bytes(data)
        return torch_checkpoint.read(path)

    return read_bytes


def test_a_plain_tensor_is_read(read: Any) -> None:
    arrays = read(checkpoint())
    assert list(arrays) == ["weight"]
    np.testing.assert_array_equal(arrays["weight"], [[0, 1, 2], [3, 4, 5]])
    assert arrays["weight"].dtype == np.float32


def test_views_of_one_storage_are_read_by_offset_and_strides(read: Any) -> None:
    arrays = read(
        checkpoint(
            named(
                turned=tensor(shape=(3, 2), strides=(1, 3)),
                tail=tensor(offset=4, shape=(2,), strides=(1,)),
                scalar=tensor(offset=5, shape=(), strides=()),
                empty=tensor(offset=6, shape=(0, 3), strides=(3, 1)),
            )
        )
    )
    np.testing.assert_array_equal(arrays["turned"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(arrays["tail"], [4, 5])
    assert arrays["scalar"] == 5
    assert arrays["empty"].shape == (0, 3)


def test_arrays_own_their_memory(read: Any) -> None:
    arrays = read(checkpoint(named(one=tensor(), same=tensor())))
    arrays["one"][:] = 9
    assert arrays["same"].max() == 5


@pytest.mark.parametrize(
    ("kind", "dtype"), [(kind, dtype) for kind, dtype in torch_checkpoint.STORAGE_DTYPES.items()]
)
def test_every_plain_data_type_is_read(read: Any, kind: str, dtype: str) -> None:
    source = storage(kind=kind, size=2)
    data = checkpoint(
        named(weight=tensor(source, shape=(2,), strides=(1,))), storages=raw(1, 0, dtype=dtype)
    )
    weight = read(data)["weight"]
    assert weight.dtype == np.dtype(dtype)
    assert weight.tolist() == [1, 0]


# What a hostile file would call, each leaving a trace where it is executed.
def hostile(trace: Path) -> dict[str, bytes]:
    code = inner(f"open({str(trace)!r}, 'w')")
    return {
        "builtins.eval": call(name("builtins", "eval"), code),
        "builtins.exec": call(name("builtins", "exec"), code),
        "os.system": call(name("os", "system"), inner(f"touch {trace}")),
        "posix.system": call(name("posix", "system"), inner(f"touch {trace}")),
        "io.open": call(name("io", "open"), inner(str(trace)), inner("w")),
        "pathlib.Path": call(name("pathlib", "Path"), inner(str(trace))),
        "torch.load": call(name("torch", "load"), inner(str(trace))),
        "torch._utils.FloatStorage": name("torch._utils", "FloatStorage"),
        "torch.FloatStorage.__class__": name("torch", "FloatStorage.__class__"),
        "collections.OrderedDict.__class__": name("collections", "OrderedDict.__class__"),
        "collections.namedtuple": name("collections", "namedtuple"),
    }


@pytest.mark.parametrize("asked_for", hostile(Path("trace")))
@pytest.mark.parametrize("place", ["magic", "system", "tensors", "tensor", "keys"])
def test_a_name_that_is_not_a_tensor_is_refused_and_never_called(
    read: Any, tmp_path: Path, asked_for: str, place: str
) -> None:
    trace = tmp_path / "trace"
    attack = hostile(trace)[asked_for]
    head = pickle.dumps(MAGIC_NUMBER, 2) + pickle.dumps(PROTOCOL_VERSION, 2)
    data = {
        "magic": program(attack),
        "system": head + program(attack),
        "tensors": checkpoint(program(attack)),
        "tensor": checkpoint(named(weight=attack)),
        "keys": head + pickle.dumps(SYSTEM, 2) + named(weight=tensor()) + program(attack),
    }[place]
    with pytest.raises(WeightsError) as refused:
        read(data)
    assert f"it asks for {asked_for}, which is not a plain tensor" in refused.value.message
    assert refused.value.next_step
    assert not trace.exists()


def test_the_hostile_examples_would_have_worked_without_the_restriction(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    pickle.loads(program(hostile(trace)["builtins.eval"]))
    assert trace.exists()


def test_a_pickle_that_rewrites_what_it_may_name_changes_nothing_for_the_next_file(
    read: Any,
) -> None:
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    # BUILD with (None, {...}) sets attributes of the object below it.
    poison = rebuild + b"(N}" + inner("__defaults__") + inner(()) + b"stb" + b"0"
    with pytest.raises(WeightsError):
        read(checkpoint(program(poison, inner({"weight": 1}))))
    assert read(checkpoint())["weight"].shape == (2, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (checkpoint(magic=1), "its magic number is another one"),
        (checkpoint(protocol=1002), "its protocol version is another one"),
        (checkpoint(system={"little_endian": False}), "not written on a little-endian machine"),
        (checkpoint(system=[]), "not written on a little-endian machine"),
        pytest.param(b"PK\x03\x04" + bytes(64), "not a storage", id="zip archive"),
        (b"", "the file is damaged"),
        (checkpoint(pickle.dumps([1, 2], 2)), "something else than named tensors"),
        (checkpoint(pickle.dumps({"epoch": 3}, 2)), "something else than named tensors"),
        (checkpoint(pickle.dumps({3: None}, 2)), "something else than named tensors"),
        (checkpoint(named(weight=storage())), "something else than named tensors"),
        (checkpoint(keys=["1"]), "its tensors and its storages do not match"),
        (checkpoint(keys=["0", "0"]), "its tensors and its storages do not match"),
        (checkpoint(keys=[]), "its tensors and its storages do not match"),
        (checkpoint(keys=[["0"]]), "its list of storages is not a list of names"),
        (checkpoint(storages=raw(0, 1, 2)), "storage 0 has 3 values instead of 6"),
        (checkpoint(storages=raw(0, claimed=6)), "it ends in the middle of a storage"),
        (checkpoint(storages=raw(0, claimed=-1)), "storage 0 has -1 values instead of 6"),
        (checkpoint(storages=b""), "it ends in the middle of a storage"),
        (checkpoint() + b"\0", "something follows its last storage"),
    ],
)
def test_a_file_of_another_kind_is_refused(read: Any, data: bytes, reason: str) -> None:
    with pytest.raises(WeightsError, match=reason):
        read(data)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (tensor(shape=(2, 4), strides=(4, 1)), "reaches beyond its storage"),
        (tensor(offset=1), "reaches beyond its storage"),
        (tensor(strides=(4, 1)), "reaches beyond its storage"),
        (tensor(shape=(10**12,), strides=(0,)), "reaches beyond its storage"),
        (tensor(shape=(10**30, 10**30), strides=(1, 1)), "reaches beyond its storage"),
        (tensor(offset=-1), "no valid shape and strides"),
        (tensor(strides=(-3, 1)), "no valid shape and strides"),
        (tensor(shape=(2, -3)), "no valid shape and strides"),
        (tensor(shape=(2.0, 3)), "no valid shape and strides"),
        (tensor(shape=(True, 3)), "no valid shape and strides"),
        (tensor(shape=(6,)), "no valid shape and strides"),
        (tensor(shape=[2, 3]), "no valid shape and strides"),
        (tensor(shape=(1,) * 40, strides=(1,) * 40), "no valid shape and strides"),
        (tensor(inner("0")), "no storage of a known type"),
        (tensor(storage(size=-6)), "no storage of a known type"),
        (tensor(storage(size="6")), "no storage of a known type"),
        (tensor(storage(key=0)), "no storage of a known type"),
        (tensor(storage(key=["0"])), "no storage of a known type"),
        (tensor(storage(view=("0", 0, 6))), "it holds a view of a storage"),
        (tensor(inner("0") + b"Q"), "refers to something that is not a storage"),
        (tensor(storage(kind="QInt8Storage")), "it asks for torch.QInt8Storage"),
    ],
)
def test_a_tensor_that_does_not_fit_its_storage_is_refused(
    read: Any, bad: bytes, reason: str
) -> None:
    with pytest.raises(WeightsError, match=reason):
        read(checkpoint(named(weight=bad)))


def test_one_storage_cannot_have_two_types(read: Any) -> None:
    both = named(one=tensor(), other=tensor(storage(kind="IntStorage")))
    with pytest.raises(WeightsError, match="tensor other describes its storage differently"):
        read(checkpoint(both))


def test_a_storage_cannot_claim_more_memory_than_the_file_has(read: Any) -> None:
    huge = named(weight=tensor(storage(size=10**15), shape=(2,), strides=(1,)))
    with pytest.raises(WeightsError, match="ends in the middle of a storage"):
        read(checkpoint(huge, storages=raw(0, claimed=10**15)))


def test_a_memo_number_cannot_claim_memory(read: Any) -> None:
    far = b"r\xff\xff\xff\x7f"  # LONG_BINPUT: remember what is on top under number 2**31 - 1
    data = checkpoint(program(call(name("collections", "OrderedDict")), far), keys=(), storages=b"")
    tracemalloc.start()
    try:
        assert read(data) == {}
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"missing\.pth could not be opened: No such file"):
        torch_checkpoint.read(tmp_path / "missing.pth")


@given(st.integers(0, len(checkpoint()) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_off_anywhere_is_refused(read: Any, length: int) -> None:
    with pytest.raises(WeightsError):
        read(checkpoint()[:length])


@given(st.integers(0, len(checkpoint()) - 1), st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_a_changed_byte_gives_tensors_or_a_refusal_and_nothing_else(
    read: Any, position: int, change: int
) -> None:
    data = bytearray(checkpoint())
    data[position] ^= change
    try:
        arrays = read(bytes(data))
    except WeightsError:
        return
    assert all(type(key) is str and type(value) is np.ndarray for key, value in arrays.items())
