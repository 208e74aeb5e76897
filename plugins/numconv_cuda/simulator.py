"""Numba's simulator (``NUMBA_ENABLE_CUDASIM=1``) in place of a GPU: kernels run as Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .array import DeviceArray, Shape, strides_of
from .device import Launch


class Simulator:
    """A device whose memory is that of the processor. There is one."""

    name = "Numba's simulator"
    processors = 1
    capability = (0, 0)

    def empty(self, shape: Shape, dtype: np.dtype[Any], stream: int = 0) -> DeviceArray:
        return self.wrap(np.empty(shape, dtype))

    def upload(self, array: NDArray[Any], stream: int | None = None) -> DeviceArray:
        return self.wrap(np.array(array, order="C"))

    def download(self, array: DeviceArray) -> NDArray[Any]:
        return _values(array).copy()

    def copy(self, target: DeviceArray, source: DeviceArray) -> None:
        _values(target)[...] = _values(source)

    def extremes(self, array: DeviceArray) -> tuple[int, int]:
        values = _values(array)
        return int(values.min()), int(values.max())

    def wait(self, stream: int, other: int) -> None:
        """Do nothing: a launch returns when it is done."""

    def finish(self) -> None:
        """Do nothing."""

    def wrap(self, array: NDArray[Any], owner: Any = None) -> DeviceArray:
        """Return the array that shares memory with a NumPy array."""
        flat = array.reshape(-1) if array.flags.c_contiguous else array
        strides = strides_of(array.shape, array.dtype) if flat is not array else array.strides
        return DeviceArray(
            flat,
            array.shape,
            strides,
            array.dtype,
            self,
            owner=array if owner is None else owner,
            writeable=array.flags.writeable,
        )

    def launcher(
        self,
        kernel: Any,
        dtype: str,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        shared_bytes: int = 0,
    ) -> Launch:
        function = _simulated(kernel, dtype)

        def launch(stream: int, *arguments: Any) -> None:
            if kernel.numbers:
                numbers = tuple(map(int, arguments[-kernel.numbers :]))
                arguments = (*arguments[: -kernel.numbers], numbers)
            function[grid, block, 0, shared_bytes](*arguments)

        return launch


def _values(array: DeviceArray) -> NDArray[Any]:
    return np.lib.stride_tricks.as_strided(array.data, array.shape, array.strides)


@cache
def _simulated(kernel: Any, dtype: str) -> Any:
    from numba import cuda

    return cuda.jit(kernel.function(dtype))


SIMULATOR = Simulator()


class SimulatedArrays:
    """What Numba makes there; a `libraries.Library`."""

    def holds(self, value: Any) -> bool:
        return True

    def place(self, value: Any) -> Any:
        return SIMULATOR

    def stream(self, place: Any) -> int:
        return 0

    def view(self, argument: str, value: Any, place: Any, stream: int) -> DeviceArray:
        view: DeviceArray = place.wrap(value._ary, owner=value)
        return view

    def maker(self, shape: Shape, dtype: np.dtype[Any], place: Any) -> Callable[[], DeviceArray]:
        from numba import cuda

        return lambda: self.view("out", cuda.device_array(shape, dtype), place, 0)

    def glance(self, value: Any) -> tuple[Any, DeviceArray] | None:
        return None


ARRAYS = SimulatedArrays()
