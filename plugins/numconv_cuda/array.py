"""What an array in the memory of a device is, to the plans of this backend."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .device import Device

Shape = tuple[int, ...]


class DeviceArray:
    """Memory on a device, and how an array lies in it.

    Parameters
    ----------
    data : int or NumPy array
        What launches are handed: the address; where a device is simulated, flat values.
    shape, strides : tuple of int
        Strides in bytes.
    dtype : numpy.dtype
    device : Device
    stream : int
        The stream in whose order the caller uses the array, as the driver numbers it.
    owner : object
        Whose memory it is; lives as long as this.
    writeable : bool
    """

    __slots__ = ("data", "device", "dtype", "owner", "shape", "stream", "strides", "writeable")

    def __init__(
        self,
        data: Any,
        shape: Shape,
        strides: Shape,
        dtype: np.dtype[Any],
        device: Device,
        stream: int = 0,
        owner: Any = None,
        writeable: bool = True,
    ) -> None:
        self.data, self.shape, self.strides, self.dtype = data, shape, strides, dtype
        self.device, self.stream, self.owner, self.writeable = device, stream, owner, writeable

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def contiguous(self) -> bool:
        """Whether the elements follow each other in C order."""
        return 0 in self.shape or all(
            stride == due or size == 1
            for size, stride, due in zip(
                self.shape, self.strides, strides_of(self.shape, self.dtype), strict=True
            )
        )

    @property
    def aligned(self) -> bool:
        """Whether it begins at a multiple of 16 bytes, as all memory does that is simulated."""
        return not isinstance(self.data, int) or self.data % 16 == 0

    def reshape(self, shape: Shape) -> DeviceArray:
        """Return the same elements, which are contiguous, in another shape."""
        return DeviceArray(
            self.data,
            shape,
            strides_of(shape, self.dtype),
            self.dtype,
            self.device,
            self.stream,
            self.owner,
            self.writeable,
        )

    def copy(self) -> DeviceArray:
        """Return the same values in memory of their own."""
        made = self.device.empty(self.shape, self.dtype, self.stream)
        self.device.copy(made, self)
        return made

    # What the proof that sums of integers fit asks for; see `numconv.core.overflow`.

    def max(self) -> Any:
        return self.device.download(self).max()

    def min(self) -> Any:
        return self.device.download(self).min()

    def astype(self, dtype: Any, copy: bool = True) -> DeviceArray:
        if self.dtype == dtype and not copy:
            return self
        return self.device.upload(self.device.download(self).astype(dtype), self.stream)

    def shadow(self) -> NDArray[Any]:
        """Return a NumPy array of this address, shape and strides, never to be read or written.

        It answers whether two arrays overlap.
        """
        return np.asarray(_Shadow(self))


class _Shadow:
    def __init__(self, array: DeviceArray) -> None:
        address = array.data if isinstance(array.data, int) else array.data.ctypes.data
        self.__array_interface__ = {
            "version": 3,
            "shape": array.shape,
            "strides": array.strides,
            "typestr": array.dtype.str,
            "data": (address, False),
        }


def strides_of(shape: Shape, dtype: np.dtype[Any]) -> Shape:
    """Return the strides, in bytes, of a C-contiguous array."""
    strides, step = [], dtype.itemsize
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))
