"""What kernels run on: a GPU, or something that stands in for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from numpy.typing import NDArray

from .array import DeviceArray, Home

Launch = Callable[..., None]


class Device(Home, Protocol):
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

    def upload(self, array: NDArray[Any], stream: int | None = None) -> DeviceArray:
        """Return a copy of a NumPy array, for use on one stream, by default on all."""
        ...

    def download(self, array: DeviceArray) -> NDArray[Any]:
        """Return a copy as a NumPy array, once everything before it on its stream is done."""
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
