"""Arrays in the memory of the made-up driver, as PyTorch, CuPy and others have them."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from driver import Driver

_CODES = {"i": 0, "u": 1, "f": 2, "c": 5}


class Memory:
    """NumPy values in memory of a GPU."""

    driver: Driver
    """Of this process."""

    def __init__(self, values: Any, gpu: int = 0) -> None:
        given = np.asarray(values)
        self.gpu = gpu
        self.values: Any = self.room(given.shape, given.dtype, gpu)
        self.values[...] = given

    @classmethod
    def room(cls, shape: tuple[int, ...], dtype: Any, gpu: int) -> Any:
        dtype = np.dtype(dtype)
        address = cls.driver.allocate(gpu, max(prod(shape) * dtype.itemsize, 1))
        return np.ndarray(shape, dtype, cls.driver.memory[address][1])

    @classmethod
    def of(cls, values: Any, gpu: int) -> Any:
        made = cls.__new__(cls)
        made.values, made.gpu = values, gpu
        return made

    def __getitem__(self, key: Any) -> Any:
        return type(self).of(self.values[key], self.gpu)

    @property
    def address(self) -> int:
        return int(self.values.ctypes.data)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def ndim(self) -> int:
        return int(self.values.ndim)

    @property
    def dtype(self) -> Any:
        return self.values.dtype


class Interfaced(Memory):
    """What shows itself by __cuda_array_interface__ alone."""

    stream: int | None = None
    read_only = False
    mask = None

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.address if self.values.size else 0, self.read_only),
            "strides": None if self.values.flags.c_contiguous else self.values.strides,
            "stream": self.stream,
            "mask": self.mask,
            "version": 3,
        }


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("offset", ctypes.c_uint64),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
    ]


class Packed(Memory):
    """What shows itself by DLPack alone."""

    offset = 0
    """How many bytes after the address that it tells it begins."""

    asked: Any = "nothing"
    """For which stream it was shown last."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self.gpu

    def __dlpack__(self, *, stream: int | None = None) -> Any:
        self.asked = stream
        sizes = (ctypes.c_int64 * self.values.ndim)(*self.shape)
        itemsize = self.dtype.itemsize
        steps = (ctypes.c_int64 * self.values.ndim)(*(s // itemsize for s in self.values.strides))
        self.tensor = _Tensor(
            self.address - self.offset,
            (2, self.gpu),
            self.values.ndim,
            _CODES[self.dtype.kind],
            8 * itemsize,
            1,
            ctypes.addressof(sizes),
            ctypes.addressof(steps),
        )
        self.tensor.offset = self.offset
        self.tensor.deleter = type(self.tensor.deleter)(lambda place: None)
        self.kept = sizes, steps
        capsule = ctypes.pythonapi.PyCapsule_New
        capsule.restype, capsule.argtypes = (
            ctypes.py_object,
            [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
        )
        return capsule(ctypes.addressof(self.tensor), b"dltensor", None)


class Streams:
    """The stream on which a library works now, on each GPU."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}

    def __call__(self, gpu: int) -> int:
        return self.of.get(gpu, 0)

    @contextmanager
    def use(self, stream: int, gpu: int = 0) -> Iterator[None]:
        before, self.of[gpu] = self(gpu), stream
        yield
        self.of[gpu] = before


class TorchType(SimpleNamespace):
    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __hash__(self) -> int:
        return hash(self.name)


class Tensor(Memory):
    requires_grad = False
    is_cuda = True
    kind = ""
    """The dtype that it says it has, if not that of its values."""

    @property
    def dtype(self) -> Any:
        return getattr(sys.modules["torch"], self.kind or self.values.dtype.name)

    @property
    def device(self) -> Any:
        return Where("cuda", self.gpu)

    def data_ptr(self) -> int:
        return self.address

    def stride(self) -> tuple[int, ...]:
        return tuple(step // self.values.itemsize for step in self.values.strides)

    def is_contiguous(self) -> bool:
        return bool(self.values.flags.c_contiguous)

    def is_neg(self) -> bool:
        return False

    is_conj = is_neg

    def resolve_conj(self) -> Tensor:
        return self

    resolve_neg = resolve_conj


class Where(tuple[str, int]):
    def __new__(cls, kind: str, index: int) -> Where:
        return super().__new__(cls, (kind, index))

    @property
    def index(self) -> int:  # type: ignore[override]
        return self[1]


def torch() -> Any:
    """Put a module `torch` in its place."""
    made: Any = ModuleType("torch")
    Tensor.__module__ = "torch"
    made.streams = Streams()
    made.Tensor, made.device = Tensor, Where
    for name in ("float32", "float64", "int64", "uint64", "bfloat16"):
        setattr(made, name, TorchType(name=name))
    made._C = SimpleNamespace(_cuda_getCurrentRawStream=made.streams)
    made.empty = lambda shape, dtype, device: Tensor.of(
        Memory.room(shape, dtype.name, device.index), device.index
    )
    sys.modules["torch"] = made
    return made


class Ndarray(Interfaced):
    @property
    def data(self) -> Any:
        return SimpleNamespace(ptr=self.address)

    @property
    def device(self) -> Any:
        return SimpleNamespace(id=self.gpu)

    @property
    def strides(self) -> tuple[int, ...]:
        return self.values.strides

    @property
    def flags(self) -> Any:
        return self.values.flags


def cupy() -> Any:
    """Put a module `cupy` in its place."""
    made: Any = ModuleType("cupy")
    Ndarray.__module__ = "cupy"
    made.streams, chosen = Streams(), [0]

    @contextmanager
    def on(gpu: int) -> Iterator[None]:
        before, chosen[0] = chosen[0], gpu
        yield
        chosen[0] = before

    made.ndarray = Ndarray
    made.empty = lambda shape, dtype: Ndarray.of(Memory.room(shape, dtype, chosen[0]), chosen[0])
    made.cuda = SimpleNamespace(
        Device=on, get_current_stream=lambda gpu: SimpleNamespace(ptr=made.streams(gpu))
    )
    sys.modules["cupy"] = made
    return made
