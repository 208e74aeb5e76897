"""The arrays of other libraries that lie in the memory of a GPU: seen without a copy, and made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core import arrays
from numconv.core.dtypes import DTYPES
from numconv.core.errors import ArgumentError, ArgumentTypeError
from numconv.core.protocol import Shape

from .array import DeviceArray
from .device import Device
from .libraries import Library, library_of

_EXPECTED = (
    "an array in GPU memory: of CuPy, PyTorch or numba.cuda, or one that offers DLPack or "
    "__cuda_array_interface__"
)

_NATIVE = frozenset(map(np.dtype, DTYPES))


def holds(value: Any) -> bool:
    """Return whether `value` is an array in the memory of a GPU, or of one that is simulated."""
    return library_of(type(value)).holds(value)


@dataclass(frozen=True)
class GpuMemory:
    """Arrays of a library on one GPU. Arrays of the other libraries there are taken as well.

    Parameters
    ----------
    library : Library
        Whose arrays results are.
    place : Device
    """

    library: Library
    place: Device

    device = "cuda"

    def adapt(self, argument: str, value: Any) -> DeviceArray:
        if not holds(value):
            raise ArgumentTypeError(argument, type(value).__name__, _EXPECTED)
        stream = self.library.stream(self.place)
        array = library_of(type(value)).view(argument, value, self.place, stream)
        if array.device != self.place:
            where = f"an array on {array.device.name}"
            raise ArgumentTypeError(argument, where, f"one on {self.place.name}, as the others")
        if array.dtype not in _NATIVE:
            raise ArgumentTypeError(argument, array.dtype, "dtype " + ", ".join(DTYPES))
        array.acquire()
        return array

    @property
    def glance(self) -> Callable[[Any], tuple[Any, DeviceArray] | None]:
        return self.library.glance

    def plain(self, array: DeviceArray) -> DeviceArray:
        return array if array.contiguous else array.copy()

    def is_plain(self, array: DeviceArray) -> bool:
        return array.contiguous

    def new_output(self, shape: Shape, dtype: np.dtype[Any]) -> Callable[[], DeviceArray]:
        return self.library.maker(shape, dtype, self.place)

    def check_out(
        self, out: Any, shape: Shape, dtype: str, operands: tuple[Any, ...]
    ) -> DeviceArray:
        seen = self.library.glance(out) if library_of(type(out)) is self.library else None
        if seen is not None and seen[1].device == self.place:
            array = seen[1]
        else:
            array = self.adapt("out", out)
        if array.shape != shape or array.dtype != dtype:
            given = f"{array.dtype} array of shape {array.shape}"
            raise ArgumentError("out", given, f"a {dtype} array of shape {shape}")
        if not array.writeable:
            raise ArgumentError("out", "a read-only array", "a writeable array")
        given = [each for each in operands if each is not None]
        if not array.contiguous or any(map(array.meets, given)):
            arrays.check_out(array.shadow(), shape, dtype, tuple(each.shadow() for each in given))
        return array

    def view(self, array: DeviceArray, shape: Shape, strides: Shape) -> DeviceArray:
        return array.view(shape, strides)

    def copy(self, target: DeviceArray, source: DeviceArray) -> None:
        self.place.copy(target, source)
        target.release()

    @property
    def name(self) -> str:
        return self.place.name

    def put(self, array: NDArray[Any]) -> DeviceArray:
        return self.place.upload(array, self.library.stream(self.place))

    def finish(self) -> None:
        self.place.finish()

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
    library = library_of(type(value))
    return GpuMemory(library, library.place(value))
