"""What an array in the memory of a device is, to the plans of this backend."""

from __future__ import annotations

from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]


class Home(Protocol):
    """What an array asks of the device that it lies on."""

    def empty(self, shape: Shape, dtype: np.dtype[Any], stream: int = 0) -> DeviceArray:
        """Return a contiguous array with whatever values."""
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


class DeviceArray:
    """Memory on a device, and how an array lies in it.

    Parameters
    ----------
    data : int or NumPy array
        What launches are handed: the address; where a device is simulated, flat values.
    shape, strides : tuple of int
        Strides in bytes; None if the elements follow each other in C order.
    dtype : numpy.dtype
    device : Home
    stream : int
        The stream on which the array is used here, as the driver numbers it.
    owner : object
        Whose memory it is; lives as long as this.
    writeable : bool
    theirs : int, optional
        The stream on which its owner uses it, if that is another one: it must wait for what is
        done here.
    """

    __slots__ = (
        "_strides",
        "data",
        "device",
        "dtype",
        "owner",
        "shape",
        "stream",
        "theirs",
        "writeable",
    )

    def __init__(
        self,
        data: Any,
        shape: Shape,
        strides: Shape | None,
        dtype: np.dtype[Any],
        device: Home,
        stream: int = 0,
        owner: Any = None,
        writeable: bool = True,
        theirs: int | None = None,
    ) -> None:
        self.data, self.shape, self._strides, self.dtype = data, shape, strides, dtype
        self.device, self.stream, self.owner, self.writeable = device, stream, owner, writeable
        self.theirs = theirs

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def address(self) -> int:
        return int(self.data if isinstance(self.data, int) else self.data.ctypes.data)

    @property
    def strides(self) -> Shape:
        return strides_of(self.shape, self.dtype) if self._strides is None else self._strides

    @property
    def contiguous(self) -> bool:
        """Whether the elements follow each other in C order."""
        if self._strides is None or 0 in self.shape:
            return True
        due = strides_of(self.shape, self.dtype)
        each = zip(self.shape, self._strides, due, strict=True)
        return all(stride == here or size == 1 for size, stride, here in each)

    @property
    def aligned(self) -> bool:
        """Whether it begins at a multiple of 16 bytes, as all memory does that is simulated."""
        return not isinstance(self.data, int) or self.data % 16 == 0

    def reshape(self, shape: Shape) -> DeviceArray:
        """Return the same elements, which are contiguous, in another shape."""
        return self.view(shape, None)

    def view(self, shape: Shape, strides: Shape | None) -> DeviceArray:
        """Return what begins at the same place."""
        return DeviceArray(
            self.data,
            shape,
            strides,
            self.dtype,
            self.device,
            self.stream,
            self.owner,
            self.writeable,
            self.theirs,
        )

    def element(self, index: int) -> Any:
        """Return `data` from element `index` on, of a contiguous array."""
        if isinstance(self.data, int):
            return self.data + index * self.dtype.itemsize
        return self.data[index:]

    def copy(self) -> DeviceArray:
        """Return the same values in memory of their own."""
        made = self.device.empty(self.shape, self.dtype, self.stream)
        self.device.copy(made, self)
        self.release()
        return made

    def acquire(self) -> None:
        """Let the stream here wait for what its owner has yet to do on another one."""
        if self.theirs is None or _number(self.theirs) == _number(self.stream):
            self.theirs = None
        else:
            self.device.wait(self.stream, self.theirs)

    def release(self) -> None:
        """Let its owner's stream, where that is another one, wait for what is enqueued here."""
        if self.theirs is not None:
            self.device.wait(self.theirs, self.stream)

    # What the proof that sums of integers fit asks for; see `numconv.core.overflow`.

    def max(self) -> int:
        return self.device.extremes(self)[1]

    def min(self) -> int:
        return self.device.extremes(self)[0]

    def astype(self, dtype: Any, copy: bool = True) -> DeviceArray:
        """Return the values in the type in which their sums are kept, which is `dtype`."""
        if self.dtype == dtype and not copy:
            return self
        made = self.device.empty(self.shape, np.dtype(dtype), self.stream)
        self.device.copy(made, self)
        return made

    def meets(self, other: DeviceArray) -> bool:
        """Return whether another array may share memory: if not contiguous, it is said to."""
        if not other.contiguous:
            return True
        ends = self.address + self.nbytes, other.address + other.nbytes
        return self.address < ends[1] and other.address < ends[0]

    def shadow(self) -> NDArray[Any]:
        """Return a NumPy array of this address, shape and strides, never to be read or written.

        It answers whether two arrays overlap.
        """
        return np.asarray(_Shadow(self))


class _Shadow:
    def __init__(self, array: DeviceArray) -> None:
        self.__array_interface__ = {
            "version": 3,
            "shape": array.shape,
            "strides": array.strides,
            "typestr": array.dtype.str,
            "data": (array.address, False),
        }


def _number(stream: int) -> int:
    """Return the number of a stream; the default one has two."""
    return 0 if stream == 1 else stream


def strides_of(shape: Shape, dtype: np.dtype[Any]) -> Shape:
    """Return the strides, in bytes, of a C-contiguous array."""
    strides, step = [], dtype.itemsize
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))
