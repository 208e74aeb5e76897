"""The libraries whose arrays are taken and made, each by what it says of an array.

What a call enqueues goes to one stream, that on which the library of its first operand works now.
An array of a library that works on another one is waited for, and waits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import numpy as np

from numconv.core.dtypes import DTYPES
from numconv.core.errors import ArgumentTypeError
from numconv.core.protocol import Shape

from .array import DeviceArray

_DLPACK_CUDA = (2, 13)  # kDLCUDA and kDLCUDAManaged of the DLPack specification
_DEFAULT_STREAM = 0


class Library(Protocol):
    """A library; there is one object of each class."""

    def holds(self, value: Any) -> bool:
        """Return whether `value`, made by this library, is an array in the memory of a GPU."""
        ...

    def place(self, value: Any) -> Any:
        """Return the device of an array."""
        ...

    def stream(self, place: Any) -> int:
        """Return the stream on which the library works on a device now."""
        ...

    def view(self, argument: str, value: Any, place: Any, stream: int) -> DeviceArray:
        """Return the array that shares the memory of `value`, for use on a stream of `place`.

        It says on which stream the library uses it, which may be the same one.
        """
        ...

    def maker(self, shape: Shape, dtype: np.dtype[Any], place: Any) -> Callable[[], DeviceArray]:
        """Return a function that makes contiguous arrays, for use on the current stream."""
        ...

    def glance(self, value: Any) -> tuple[Any, DeviceArray] | None:
        """Return what a contiguous array is recognised by, and its view on its own stream."""
        ...


class Torch:
    """PyTorch."""

    def holds(self, value: Any) -> bool:
        return bool(getattr(value, "is_cuda", False))

    def place(self, value: Any) -> Any:
        return _gpu(value.device.index)

    def stream(self, place: Any) -> int:
        return int(_torch_stream()(place.index))

    def view(self, argument: str, value: Any, place: Any, stream: int) -> DeviceArray:
        if value.requires_grad:
            expected = "a tensor that records no gradients: give tensor.detach()"
            raise ArgumentTypeError(argument, "a tensor with requires_grad", expected)
        value = value.resolve_conj().resolve_neg()
        dtype = _of_torch(value.dtype)
        if dtype is None:
            raise ArgumentTypeError(argument, value.dtype, "dtype " + ", ".join(DTYPES))
        strides = tuple(step * dtype.itemsize for step in value.stride())
        there = self.place(value)
        return DeviceArray(
            value.data_ptr(),
            tuple(value.shape),
            strides,
            dtype,
            there,
            stream,
            value,
            theirs=self.stream(there),
        )

    def maker(self, shape: Shape, dtype: np.dtype[Any], place: Any) -> Callable[[], DeviceArray]:
        torch = sys.modules["torch"]
        where = torch.device("cuda", place.index)
        empty, kind, stream = torch.empty, getattr(torch, dtype.name), self.stream

        def make() -> DeviceArray:
            made = empty(shape, dtype=kind, device=where)
            return DeviceArray(made.data_ptr(), shape, None, dtype, place, stream(place), made)

        return make

    def glance(self, value: Any) -> tuple[Any, DeviceArray] | None:
        device = value.device
        plain = value.is_cuda and value.is_contiguous() and not value.requires_grad
        if not plain or value.is_neg() or value.is_conj():
            return None
        shape, kind, index = value.shape, value.dtype, device.index
        dtype = _of_torch(kind)
        if dtype is None:
            return None
        place, stream = _gpu(index), _torch_stream()(index)
        array = DeviceArray(value.data_ptr(), shape, None, dtype, place, stream, value)
        return (shape, kind, device), array


class Cupy:
    """CuPy."""

    def holds(self, value: Any) -> bool:
        return hasattr(type(value), "__cuda_array_interface__")

    def place(self, value: Any) -> Any:
        return _gpu(value.device.id)

    def stream(self, place: Any) -> int:
        return int(sys.modules["cupy"].cuda.get_current_stream(place.index).ptr)

    def view(self, argument: str, value: Any, place: Any, stream: int) -> DeviceArray:
        there = self.place(value)
        return DeviceArray(
            value.data.ptr,
            value.shape,
            value.strides,
            value.dtype,
            there,
            stream,
            value,
            theirs=self.stream(there),
        )

    def maker(self, shape: Shape, dtype: np.dtype[Any], place: Any) -> Callable[[], DeviceArray]:
        cupy = sys.modules["cupy"]

        def make() -> DeviceArray:
            with cupy.cuda.Device(place.index):
                made = cupy.empty(shape, dtype)
            return DeviceArray(made.data.ptr, shape, None, dtype, place, self.stream(place), made)

        return make

    def glance(self, value: Any) -> tuple[Any, DeviceArray] | None:
        if not value.flags.c_contiguous:
            return None
        place, shape, dtype = self.place(value), value.shape, value.dtype
        stream = self.stream(place)
        array = DeviceArray(value.data.ptr, shape, None, dtype, place, stream, value)
        return (shape, dtype, place.index), array


class Other:
    """What offers DLPack or __cuda_array_interface__; results are arrays of numba.cuda."""

    def holds(self, value: Any) -> bool:
        # Before __cuda_array_interface__, which may raise.
        device = getattr(value, "__dlpack_device__", None)
        if device is not None:
            try:
                return device()[0] in _DLPACK_CUDA
            except Exception:
                return False
        return hasattr(value, "__cuda_array_interface__")

    def place(self, value: Any) -> Any:
        if hasattr(value, "__dlpack_device__"):
            return _gpu(int(value.__dlpack_device__()[1]))
        return _place_of(int(value.__cuda_array_interface__["data"][0]))

    def stream(self, place: Any) -> int:
        return _DEFAULT_STREAM

    def view(self, argument: str, value: Any, place: Any, stream: int) -> DeviceArray:
        if hasattr(value, "__cuda_array_interface__"):
            return _of_interface(argument, value, place, stream)
        return _of_dlpack(value, stream)

    def maker(self, shape: Shape, dtype: np.dtype[Any], place: Any) -> Callable[[], DeviceArray]:
        from numba import cuda

        def make() -> DeviceArray:
            # Numba's own way to choose a GPU may leave another one current than it found.
            with place.current():
                made = cuda.device_array(shape, dtype)
            address = made.__cuda_array_interface__["data"][0]
            return DeviceArray(address, shape, None, dtype, place, _DEFAULT_STREAM, made)

        return make

    def glance(self, value: Any) -> tuple[Any, DeviceArray] | None:
        return None


_OTHER = Other()
_KNOWN: dict[str, Library] = {"torch": Torch(), "cupy": Cupy()}


@cache
def library_of(kind: type) -> Library:
    """Return the library whose arrays are of this type, or of one derived from it."""
    if kind.__name__ == "FakeCUDAArray":
        from .simulator import ARRAYS

        return ARRAYS
    names = [base.__module__.partition(".")[0] for base in kind.__mro__]
    return next((_KNOWN[name] for name in names if name in _KNOWN), _OTHER)


@cache
def _torch_stream() -> Callable[[int], int]:
    """Return what says the number of the current stream in a tenth of the time of its object."""
    found: Callable[[int], int] = sys.modules["torch"]._C._cuda_getCurrentRawStream
    return found


@cache
def _of_torch(dtype: Any) -> np.dtype[Any] | None:
    name = str(dtype).rpartition(".")[2]
    return np.dtype(name) if name in DTYPES else None


@cache
def _gpu(index: int) -> Any:
    from .launch import gpu

    return gpu(index)


def _place_of(address: int) -> Any:
    """Return the GPU in whose memory an address is; an array without elements may have none."""
    from .launch import current_gpu, gpu_of

    return gpu_of(address) if address else current_gpu()


def _of_interface(argument: str, value: Any, place: Any, stream: int) -> DeviceArray:
    interface = value.__cuda_array_interface__
    if interface.get("mask") is not None:
        raise ArgumentTypeError(argument, type(value).__name__, "an array without a mask")
    dtype, shape = np.dtype(interface["typestr"]), tuple(interface["shape"])
    address, read_only = interface["data"]
    device = _place_of(address) if address else place
    given = interface.get("strides")
    strides = None if given is None else tuple(given)
    return DeviceArray(
        int(address),
        shape,
        strides,
        dtype,
        device,
        stream,
        value,
        not read_only,
        interface.get("stream"),
    )


def _of_dlpack(value: Any, stream: int) -> DeviceArray:
    from cuda.core.utils import StridedMemoryView

    # Its owner makes this stream wait.
    view = StridedMemoryView.from_dlpack(value, stream_ptr=stream)
    shape, dtype = tuple(view.shape), np.dtype(view.dtype)
    steps = view.strides
    strides = None if steps is None else tuple(step * dtype.itemsize for step in steps)
    return DeviceArray(
        int(view.ptr),
        shape,
        strides,
        dtype,
        _gpu(int(view.device_id)),
        stream,
        view,
        not view.readonly,
    )
