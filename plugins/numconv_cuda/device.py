"""What kernels run on: a GPU, or something that stands in for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .array import DeviceArray, Shape

Launch = Callable[..., None]


class Device(Protocol):
    """Memory, and launches of kernels on it. Hashable, equal for the same device."""

    name: str

    @property
    def capability(self) -> tuple[int, int]:
        """The compute capability; where there are several GPUs, the least of them."""
        ...

    @property
    def processors(self) -> int:
        """Streaming multiprocessors."""
        ...

    def empty(self, shape: Shape, dtype: np.dtype[Any], stream: int = 0) -> DeviceArray:
        """Return a contiguous array with whatever values."""
        ...

    def upload(self, array: NDArray[Any], stream: int | None = None) -> DeviceArray:
        """Return a copy of a NumPy array, for use on one stream, by default on all."""
        ...

    def download(self, array: DeviceArray) -> NDArray[Any]:
        """Return a copy as a NumPy array, once everything before it on its stream is done."""
        ...

    def copy(self, target: DeviceArray, source: DeviceArray) -> None:
        """Copy between arrays of the same shape, contiguous or not.

        They are of the same dtype, or the target is of that in which sums of the source are kept.
        """
        ...

    def extremes(self, array: DeviceArray) -> tuple[int, int]:
        """Return the least and the largest of the integers in an array, which is not empty."""
        ...

    def wait(self, stream: int, other: int) -> None:
        """Let what is enqueued on `stream` from now on wait for what is on the `other` one."""
        ...

    def finish(self) -> None:
        """Wait until all that is enqueued on any stream is done."""
        ...

    def launcher(
        self,
        kernel: Any,
        dtype: str,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        shared_bytes: int = 0,
    ) -> Launch:
        """Return a function that launches `kernel` for `dtype` so: ``launch(stream, *arguments)``.

        Arguments are what `DeviceArray.data` says, and int; numbers come one by one.
        """
        ...
