"""Shared memory that knows who wrote and who read what since the last barrier."""

from __future__ import annotations

import numpy as np

from .memory import SHARED, Region
from .report import Array, Trouble

_NEVER, _PENDING, _OUTSIDE = -1, -2, -3
_ATOMIC = -2
_WRONG = {
    _NEVER: "reads {} bytes at {}, never written in this block",
    _PENDING: "uses {} bytes at {} while a cp.async to them was not waited for",
    _OUTSIDE: "{} bytes at {} are outside of every shared array",
}


class SharedRegion(Region):
    """Shared memory of a block.

    Kept for each granule (as many bytes as the kernel's narrowest access): time and thread of the
    last write, time of the last read, and the lowest and the highest thread that read it since the
    barrier. Two uses of a granule by different threads, one of them a write, are a race unless a
    barrier lies between them, or both are of one warp and a bar.warp.sync does. As warps are
    consecutive threads, lowest and highest tell whether all readers were of one warp.
    """

    def __init__(self, size: int, granule: int, threads: int) -> None:
        data = np.zeros(size, np.uint8)
        super().__init__("shared memory", "shared", SHARED, data, True)
        self.granule = granule
        self.outside = np.ones(size // granule, bool)
        self.written = np.empty(size // granule, np.int64)
        self.writer = np.empty(size // granule, np.int64)
        self.read = np.empty(size // granule, np.int64)
        self.low = np.empty(size // granule, np.int64)
        self.high = np.empty(size // granule, np.int64)
        self.synced = np.empty(threads, np.int64)
        self.clear()

    def open(self, start: int, size: int) -> None:
        """Let `size` bytes from `start` on be used."""
        self.outside[start // self.granule : -(-(start + size) // self.granule)] = False

    def clear(self) -> None:
        """Begin a block."""
        self.written[:] = np.where(self.outside, _OUTSIDE, _NEVER)
        self.read[:] = _NEVER
        self.synced[:] = 0
        self.time = 1
        self.barrier = 0

    def all_wait(self) -> None:
        """A barrier of the whole block."""
        self.barrier = self.time
        self.time += 1

    def some_wait(self, threads: Array) -> None:
        """A bar.warp.sync of these threads."""
        self.synced[threads] = self.time
        self.time += 1

    def granules(self, places: Array, threads: Array, size: int) -> tuple[Array, Array]:
        """Return the granules of an access, flat, and the thread of each."""
        first = places // self.granule
        if size <= self.granule:
            return first, threads
        count = size // self.granule
        return (first[:, None] + np.arange(count)).reshape(-1), np.repeat(threads, count)

    def before_read(self, places: Array, threads: Array, size: int) -> None:
        granules, threads = self.granules(places, threads, size)
        self.usable(granules, threads, _NEVER)
        self.after_writes(granules, threads, "reads")
        self.note_readers(granules, threads)

    def before_write(self, places: Array, threads: Array, size: int) -> None:
        granules, threads = self.granules(places, threads, size)
        self.usable(granules, threads, _PENDING)
        self.after_writes(granules, threads, "writes")
        self.after_reads(granules, threads)
        self.note_writers(granules, threads)

    def before_atomic(self, places: Array, threads: Array, size: int) -> None:
        granules, threads = self.granules(places, threads, size)
        self.usable(granules, threads, _NEVER)
        plain = self.writer[granules] != _ATOMIC
        self.after_writes(granules[plain], threads[plain], "changes")
        self.after_reads(granules, threads)
        self.written[granules] = self.time
        self.writer[granules] = _ATOMIC
        self.time += 1

    def begin_copy(self, places: Array, threads: Array, size: int) -> None:
        """A cp.async begins: these bytes are of no use until it has been waited for."""
        self.before_write(places, threads, size)
        granules, _ = self.granules(places, threads, size)
        self.written[granules] = _PENDING

    def end_copy(self, places: Array, threads: Array, size: int) -> None:
        """It has been waited for, by the threads that began it."""
        granules, threads = self.granules(places, threads, size)
        self.written[granules] = self.time
        self.writer[granules] = threads
        self.time += 1

    def usable(self, granules: Array, threads: Array, worst: int) -> None:
        """Raise `Trouble` for granules that are outside, pending, or (`worst`) never written."""
        written = self.written[granules]
        if written.min() > _NEVER:
            return
        bad = (written <= worst).argmax()
        if written[bad] <= worst:
            where = self.describe(int(granules[bad]))
            message = _WRONG[int(written[bad])].format(self.granule, where)
            raise Trouble(message, int(threads[bad]))

    def after_writes(self, granules: Array, threads: Array, does: str) -> None:
        written = self.written[granules]
        if not len(written) or written.max() <= self.barrier:
            return
        writer = self.writer[granules]
        race = (written > self.barrier) & (writer != threads)
        if race.any():
            race &= ~self.ordered(threads, writer, writer, written)
            self.fail(race, granules, threads, does, "written by", writer)

    def after_reads(self, granules: Array, threads: Array) -> None:
        read = self.read[granules]
        if read.max() <= self.barrier:
            return
        low, high = self.low[granules], self.high[granules]
        race = (read > self.barrier) & ((low != threads) | (high != threads))
        if race.any():
            race &= ~self.ordered(threads, low, high, read)
            self.fail(
                race, granules, threads, "writes", "read by", np.where(low != threads, low, high)
            )

    def ordered(self, threads: Array, low: Array, high: Array, time: Array) -> Array:
        """Whether threads `low` to `high` met `threads` in a bar.warp.sync after `time`."""
        warp = threads >> 5
        near = (low >= 0) & (low >> 5 == warp) & (high >> 5 == warp)
        met = [self.synced[each] > time for each in (threads, low, high)]
        return near & met[0] & met[1] & met[2]

    def fail(
        self, race: Array, granules: Array, threads: Array, does: str, done: str, others: Array
    ) -> None:
        if not race.any():
            return
        first = int(race.argmax())
        other = int(others[first])
        who = "an atomic instruction" if other == _ATOMIC else f"thread {other}"
        where = self.describe(int(granules[first]))
        message = f"race: {does} {where}, {done} {who} with no barrier between them"
        raise Trouble(message, int(threads[first]))

    def note_readers(self, granules: Array, threads: Array) -> None:
        stale = self.read[granules] <= self.barrier
        # Of equal indices the last one stays: threads ascend, so it is the highest; reversed, the
        # lowest.
        self.high[granules] = np.where(stale, threads, np.maximum(self.high[granules], threads))
        low = np.where(stale, threads, np.minimum(self.low[granules], threads))
        self.low[granules[::-1]] = low[::-1]
        self.read[granules] = self.time
        self.time += 1

    def note_writers(self, granules: Array, threads: Array) -> None:
        self.writer[granules] = threads
        clash = self.writer[granules] != threads
        self.fail(clash, granules, threads, "writes", "written by", self.writer[granules])
        self.written[granules] = self.time
        self.time += 1

    def describe(self, granule: int) -> str:
        return f"byte {granule * self.granule} of shared memory"
