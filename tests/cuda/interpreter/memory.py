"""Memory of a launch: bounded buffers, each in an address range of its own.

The bits of a generic address above the lowest 40 tell its region. A region begins in the middle of
its range, so that an address somewhat before it is still known as its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .report import Access, Array, Report, Trouble, watch

RANGE = 40
_MIDDLE = 1 << (RANGE - 1)
SHARED = (0x7F << RANGE) + _MIDDLE
LOCAL = (0x7E << RANGE) + _MIDDLE


class Windows:
    """The bytes of `data` as values that begin at every byte, aligned or not."""

    def __init__(self, data: Array) -> None:
        self.data = data
        self.kept: dict[tuple[np.dtype[Any], int], Array] = {}

    def of(self, dtype: np.dtype[Any], lanes: int) -> Array:
        key = (dtype, lanes)
        if key not in self.kept:
            count = max(len(self.data) - dtype.itemsize * lanes + 1, 0)
            view: Array = np.ndarray((count, lanes), dtype, self.data, 0, (1, dtype.itemsize))
            self.kept[key] = view[:, 0] if lanes == 1 else view
        return self.kept[key]


class Region:
    """`size` bytes from `start` on; `space` is the state space that they belong to."""

    def __init__(self, name: str, space: str, start: int, data: Array, writable: bool) -> None:
        self.name = name
        self.space = space
        self.start = start
        self.size = len(data)
        self.windows = Windows(data)
        self.writable = writable

    def place(self, offsets: Array, threads: Array) -> Array:
        """Return where in the data the bytes lie that these threads see at `offsets`."""
        return offsets

    def before_read(self, places: Array, threads: Array, size: int) -> None:
        """Raise `Trouble` if these bytes cannot be read now."""

    def before_write(self, places: Array, threads: Array, size: int) -> None:
        """Raise `Trouble` if these bytes cannot be written now."""
        if not self.writable:
            raise Trouble(f"writes to {self.name}, which is read-only", int(threads[0]))

    def before_atomic(self, places: Array, threads: Array, size: int) -> None:
        """Raise `Trouble` if these bytes cannot be changed atomically now."""
        self.before_write(places, threads, size)


class GlobalRegion(Region):
    """A buffer that knows which of its bytes were stored to."""

    def __init__(self, name: str, space: str, start: int, data: Array, writable: bool) -> None:
        super().__init__(name, space, start, data, writable)
        self.stored = Windows(np.zeros(self.size, bool))

    def before_constant_read(self, places: Array, threads: Array, size: int) -> None:
        """Raise `Trouble` for a load that takes memory to be constant (.nc) where it is not."""
        stored = self.stored.of(np.dtype(bool), size)[places]
        if stored.any():
            first = int(np.argmax(stored.reshape(len(places), -1).any(axis=1)))
            where = f"byte {places[first]} of {self.name}"
            raise Trouble(f"reads {where} by .nc after a store to it", int(threads[first]))

    def before_write(self, places: Array, threads: Array, size: int) -> None:
        super().before_write(places, threads, size)
        self.stored.of(np.dtype(bool), size)[places] = True


class LocalRegion(Region):
    """Bytes of each thread's own, at the same addresses for all."""

    def __init__(self, size: int, threads: int) -> None:
        data = np.zeros(size * threads, np.uint8)
        super().__init__("local memory", "local", LOCAL, data, True)
        self.size = size
        self.known = Windows(np.zeros(size * threads, bool))

    def clear(self) -> None:
        self.known.data[:] = False

    def place(self, offsets: Array, threads: Array) -> Array:
        return np.asarray(offsets + threads * self.size)

    def before_read(self, places: Array, threads: Array, size: int) -> None:
        known = self.known.of(np.dtype(bool), size)[places]
        if not known.all():
            first = int(np.argmin(known.reshape(len(places), -1).all(axis=1)))
            at = int(places[first]) % self.size
            raise Trouble(
                f"reads {size} bytes at {at} of local memory, never written there",
                int(threads[first]),
            )

    def before_write(self, places: Array, threads: Array, size: int) -> None:
        self.known.of(np.dtype(bool), size)[places] = True


class Memory:
    """All regions of a launch, by the number of their range."""

    def __init__(self, *windows: Region) -> None:
        self.windows = {each.start >> RANGE: each for each in windows}
        self.begin(Report(""))

    def begin(self, report: Report) -> None:
        """Hold nothing but the windows of shared and local memory."""
        self.report = report
        self.regions: dict[int, Region] = dict(self.windows)
        self.arrays: dict[tuple[int, int], int] = {}
        self.watching = False

    def add(self, name: str, space: str, data: Array, writable: bool, shift: int = 0) -> int:
        """Take in `data`, bytes, `shift` bytes after a boundary of 256; return its address."""
        number = len(self.regions) + 1
        start = (number << RANGE) + _MIDDLE + shift
        kind = GlobalRegion if space == "global" else Region
        self.regions[number] = kind(name, space, start, data, writable)
        return start

    def pointer(self, array: Array, name: str) -> int:
        """Return the address of `array`: the same one if it is given twice.

        It is aligned as the array within the array that it is a view of, which would begin at a
        boundary of 256 bytes, as device memory does.
        """
        if not array.flags.c_contiguous:
            raise TypeError(f"{name} must be contiguous, got strides {array.strides}")
        place = array.__array_interface__["data"][0]
        if (place, array.nbytes) not in self.arrays:
            root: Any = array
            while isinstance(root.base, np.ndarray):
                root = root.base
            shift = (place - root.__array_interface__["data"][0]) % 256
            data = array.reshape(-1).view(np.uint8)
            name = f"{name} ({array.dtype}{list(array.shape)})"
            start = self.add(name, "global", data, array.flags.writeable, shift)
            self.arrays[place, array.nbytes] = start
        return self.arrays[place, array.nbytes]

    def find(self, addresses: Array, threads: Array, size: int, space: str) -> Region | None:
        """Return the region that holds `size` bytes at all `addresses`; None if it takes several.

        Raises
        ------
        Trouble
            If one lies outside, is not aligned to `size`, or is of another state space.
        """
        crooked = int(np.bitwise_or.reduce(addresses)) & (size - 1)
        if crooked:
            first = int(np.argmax((addresses & np.uint64(size - 1)) != 0))
            where = self.describe(int(addresses[first]))
            raise Trouble(f"{size} bytes at {where} are not aligned", int(threads[first]))
        region = self.regions.get(int(addresses[0]) >> RANGE)
        if region is not None:
            # One comparison: what lies before the region wraps to a large number.
            far = int(np.maximum.reduce(addresses - np.uint64(region.start)))
            if far + size <= region.size and space in ("", region.space):
                return region
        for address, thread in zip(addresses.tolist(), threads.tolist(), strict=True):
            region = self.regions.get(address >> RANGE)
            if region is None or not 0 <= address - region.start <= region.size - size:
                raise Trouble(f"{size} bytes at {self.describe(address)} are outside", thread)
            if space not in ("", region.space):
                where = self.describe(address)
                raise Trouble(f"{where} is not .{space} but .{region.space}", thread)
        return None

    def describe(self, address: int) -> str:
        region = self.regions.get(address >> RANGE)
        if region is None:
            return f"address {address:#x} (of no buffer)"
        at = address - region.start
        return f"byte {at} of {region.name} of {region.size} bytes"

    def distinct(self) -> int:
        """Return how many bytes of global memory were stored to."""
        found = [each for each in self.regions.values() if isinstance(each, GlobalRegion)]
        return sum(int(each.stored.data.sum()) for each in found)

    def parts(
        self, addresses: Array, threads: Array, size: int, space: str, access: Access | None
    ) -> list[tuple[Region, Array, Any]]:
        """Return regions, places in them, and which of the threads go there."""
        region = self.find(addresses, threads, size, space)
        chosen: list[tuple[Region, Any]]
        if region is not None:
            chosen = [(region, slice(None))]
        else:
            numbers = addresses >> np.uint64(RANGE)
            chosen = [
                (self.regions[int(n)], np.flatnonzero(numbers == n)) for n in np.unique(numbers)
            ]
        found: list[tuple[Region, Array, Any]] = []
        for region, which in chosen:
            here = addresses[which]
            offsets = (here - np.uint64(region.start)).view(np.int64)
            found.append((region, region.place(offsets, threads[which]), which))
            if self.watching and access is not None and region.space in ("global", "shared"):
                access.space = region.space
                watch(access, here.view(np.int64), threads[which], size)
        return found

    def load(
        self,
        addresses: Array,
        threads: Array,
        dtype: np.dtype[Any],
        lanes: int,
        space: str,
        access: Access | None = None,
    ) -> Array:
        """Return what stands at `addresses`, (n,) or (n, lanes)."""
        size = dtype.itemsize * lanes
        shape = (len(addresses),) if lanes == 1 else (len(addresses), lanes)
        values = None
        for region, places, which in self.parts(addresses, threads, size, space, access):
            region.before_read(places, threads[which], size)
            if isinstance(region, GlobalRegion):
                self.report.global_read += size * len(places)
                if access is not None and access.constant:
                    region.before_constant_read(places, threads[which], size)
            found = region.windows.of(dtype, lanes)[places]
            if isinstance(which, slice):
                return found
            if values is None:
                values = np.empty(shape, dtype)
            values[which] = found
        assert values is not None
        return values

    def store(
        self,
        addresses: Array,
        threads: Array,
        values: Array,
        space: str,
        access: Access | None = None,
    ) -> None:
        """Put `values`, (n,) or (n, lanes), at `addresses`."""
        lanes = 1 if values.ndim == 1 else values.shape[1]
        size = values.dtype.itemsize * lanes
        for region, places, which in self.parts(addresses, threads, size, space, access):
            region.before_write(places, threads[which], size)
            if region.space == "global":
                self.report.global_written += size * len(places)
            region.windows.of(values.dtype, lanes)[places] = values[which]
