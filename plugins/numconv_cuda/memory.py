"""The arrays of other libraries that lie in the memory of a GPU: seen without a copy, and made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core import arrays
from numconv.core.dtypes import DTYPES
from numconv.core.errors import ArgumentError, ArgumentTypeError
from numconv.core.protocol import Shape

from .array import DeviceArray, strides_of
from .device import Device

_EXPECTED = (
    "an array in GPU memory: of CuPy, PyTorch or numba.cuda, or one that offers DLPack or "
    "__cuda_array_interface__"
)
_DLPACK_CUDA = (2, 13)  # kDLCUDA and kDLCUDAManaged of the DLPack specification
_DEFAULT_STREAM = 0


def holds(value: Any) -> bool:
    """Return whether `value` is an array in the memory of a GPU, or of one that is simulated."""
    if _is_simulated(value):
        return True
    # Before __cuda_array_interface__, which raises for a tensor that records gradients.
    device = getattr(value, "__dlpack_device__", None)
    if device is not None:
        try:
            return device()[0] in _DLPACK_CUDA
        except Exception:
            return False
    return hasattr(value, "__cuda_array_interface__")


def _is_simulated(value: Any) -> bool:
    return type(value).__name__ == "FakeCUDAArray"


def library_of(value: Any) -> str:
    """Return the name of the library that makes arrays such as `value`, of those known here."""
    name = type(value).__module__.partition(".")[0]
    return name if name in _KINDS else "numba"


@dataclass(frozen=True)
class GpuMemory:
    """Arrays of a library on one GPU. Arrays of the other libraries there are taken as well.

    Parameters
    ----------
    library : {"torch", "cupy", "numba"}
        Whose arrays results are.
    place : Device
    """

    library: str
    place: Device

    device = "cuda"

    def adapt(self, argument: str, value: Any) -> DeviceArray:
        if not holds(value):
            raise ArgumentTypeError(argument, type(value).__name__, _EXPECTED)
        array = _seen(argument, value, self.place)
        if array.device != self.place:
            where = f"an array on {array.device.name}"
            raise ArgumentTypeError(argument, where, f"one on {self.place.name}, as the others")
        if array.dtype.name not in DTYPES:
            raise ArgumentTypeError(argument, array.dtype, "dtype " + ", ".join(DTYPES))
        return array

    def plain(self, array: DeviceArray) -> DeviceArray:
        return array if array.contiguous else array.copy()

    def is_plain(self, array: DeviceArray) -> bool:
        return array.contiguous

    def new_output(self, shape: Shape, dtype: np.dtype[Any]) -> Callable[[], DeviceArray]:
        new, place = _KINDS[self.library].new, self.place

        def fresh() -> DeviceArray:
            return _seen("out", new(shape, dtype, place), place)

        return fresh

    def check_out(
        self, out: Any, shape: Shape, dtype: str, operands: tuple[Any, ...]
    ) -> DeviceArray:
        array = self.adapt("out", out)
        if array.shape != shape or array.dtype != dtype:
            given = f"{array.dtype} array of shape {array.shape}"
            raise ArgumentError("out", given, f"a {dtype} array of shape {shape}")
        if not array.writeable:
            raise ArgumentError("out", "a read-only array", "a writeable array")
        shadows = tuple(None if each is None else each.shadow() for each in operands)
        arrays.check_out(array.shadow(), shape, dtype, shadows)
        return array

    def copy(self, target: DeviceArray, source: DeviceArray) -> None:
        self.place.copy(target, source)

    def restorer(self, value: Any) -> Callable[[DeviceArray], Any]:
        return _owner

    def bring(self, array: NDArray[Any]) -> Any:
        made = self.new_output(array.shape, array.dtype)()
        self.copy(made, self.place.upload(array, made.stream))
        return made.owner

    def fetch(self, argument: str, value: Any) -> NDArray[Any]:
        return self.place.download(self.adapt(argument, value))


def _owner(array: DeviceArray) -> Any:
    return array.owner


def memory(value: Any) -> GpuMemory:
    """Return the memory in which `value` lies."""
    return GpuMemory(library_of(value), _place(value))


def _place(value: Any) -> Device:
    if _is_simulated(value):
        from .simulator import SIMULATOR

        return SIMULATOR
    from .launch import gpu, gpu_of

    if hasattr(value, "__dlpack_device__"):
        return gpu(int(value.__dlpack_device__()[1]))
    return gpu_of(int(value.__cuda_array_interface__["data"][0]))


def _seen(argument: str, value: Any, place: Device) -> DeviceArray:
    """Return the array that shares the memory of `value`; `place` where that is empty."""
    if _is_simulated(value):
        from .simulator import SIMULATOR

        return SIMULATOR.wrap(value._ary, owner=value)
    library = library_of(value)
    if library == "torch":
        return _of_torch(argument, value)
    if hasattr(value, "__cuda_array_interface__"):
        return _of_interface(argument, value, place, _KINDS[library].stream())
    return _of_dlpack(value)


def _of_torch(argument: str, tensor: Any) -> DeviceArray:
    from .launch import gpu

    if tensor.requires_grad:
        expected = "a tensor that records no gradients: give tensor.detach()"
        raise ArgumentTypeError(argument, "a tensor with requires_grad", expected)
    tensor = tensor.resolve_conj().resolve_neg()
    name = str(tensor.dtype).rpartition(".")[2]
    dtype = np.dtype(name if name in DTYPES else "V2")
    index = tensor.device.index
    return DeviceArray(
        tensor.data_ptr(),
        tuple(tensor.shape),
        tuple(step * dtype.itemsize for step in tensor.stride()),
        dtype,
        gpu(index),
        _torch_stream(index),
        tensor,
    )


def _of_interface(argument: str, value: Any, place: Device, stream: int) -> DeviceArray:
    interface = value.__cuda_array_interface__
    if interface.get("mask") is not None:
        raise ArgumentTypeError(argument, type(value).__name__, "an array without a mask")
    from .launch import gpu_of

    dtype, shape = np.dtype(interface["typestr"]), tuple(interface["shape"])
    address, read_only = interface["data"]
    # An array without elements may have no address.
    device = gpu_of(address) if address else place
    theirs = interface.get("stream")
    if theirs is not None and _number(int(theirs)) != _number(stream):
        # What others have yet to compute there must be done before we read it.
        device.wait(stream, int(theirs))
    strides = interface.get("strides") or strides_of(shape, dtype)
    return DeviceArray(
        int(address), shape, tuple(strides), dtype, device, stream, value, not read_only
    )


def _number(stream: int) -> int:
    """Return the number of a stream; the default one has two."""
    return 0 if stream == 1 else stream


def _of_dlpack(value: Any) -> DeviceArray:
    from cuda.core.utils import StridedMemoryView

    from .launch import gpu

    view = StridedMemoryView.from_dlpack(value, stream_ptr=_DEFAULT_STREAM)
    shape, dtype = tuple(view.shape), np.dtype(view.dtype)
    steps = view.strides
    strides = (
        strides_of(shape, dtype)
        if steps is None
        else tuple(step * dtype.itemsize for step in steps)
    )
    return DeviceArray(
        int(view.ptr),
        shape,
        strides,
        dtype,
        gpu(int(view.device_id)),
        _DEFAULT_STREAM,
        value,
        not view.readonly,
    )


@dataclass(frozen=True)
class _Kind:
    """How a library makes an array on a GPU, and on which stream it works now."""

    new: Callable[[Shape, np.dtype[Any], Any], Any]
    stream: Callable[[], int]


def _new_torch(shape: Shape, dtype: np.dtype[Any], place: Any) -> Any:
    torch = sys.modules["torch"]
    return torch.empty(shape, dtype=getattr(torch, dtype.name), device=f"cuda:{place.index}")


def _torch_stream(index: int) -> int:
    return int(sys.modules["torch"].cuda.current_stream(index).cuda_stream)


def _new_cupy(shape: Shape, dtype: np.dtype[Any], place: Any) -> Any:
    cupy = sys.modules["cupy"]
    with cupy.cuda.Device(place.index):
        return cupy.empty(shape, dtype)


def _cupy_stream() -> int:
    return int(sys.modules["cupy"].cuda.get_current_stream().ptr)


def _new_numba(shape: Shape, dtype: np.dtype[Any], place: Any) -> Any:
    from numba import cuda

    if not hasattr(place, "index"):
        return cuda.device_array(shape, dtype)
    with cuda.gpus[place.index]:
        return cuda.device_array(shape, dtype)


_KINDS = {
    "torch": _Kind(_new_torch, lambda: _DEFAULT_STREAM),
    "cupy": _Kind(_new_cupy, _cupy_stream),
    "numba": _Kind(_new_numba, lambda: _DEFAULT_STREAM),
}
