"""Shared memory that knows who wrote and who read what since the last barrier."""

from __future__ import annotations

import numpy as np

from .memory import SHARED, Region
from .report import Array, Trouble

_NEVER, _PENDING, _OUTSIDE = -1, -2, -3
_WRONG = {
    _NEVER: "reads {} bytes at {}, never written in this block",
    _PENDING: "uses {} bytes at {} while a cp.async to them was not waited for",
    _OUTSIDE: "{} bytes at {} are outside of every shared array",
}


class Moments:
    """When threads met last: all of the block, and each in a bar.warp.sync."""

    def __init__(self, threads: int) -> None:
        self.now = 1
        self.barrier = 0
        self.synced = np.zeros(threads, np.int64)
        self.any_synced = 0

    def all_wait(self) -> None:
        self.barrier = self.now
        self.now += 1

    def some_wait(self, threads: Array) -> None:
        self.synced[threads] = self.any_synced = self.now
        self.now += 1

    def ordered(self, threads: Array, low: Array, high: Array, time: Array) -> Array:
        """Whether threads `low` to `high` met `threads`, of the same warp, after `time`."""
        if self.any_synced <= self.barrier:
            return np.zeros(len(threads), bool)
        warp = threads >> 5
        near = (low >> 5 == warp) & (high >> 5 == warp)
        for each in (threads, low, high):
            near &= self.synced[each] > time
        return near


class Users:
    """Threads that used each granule in one way: the lowest, the highest, and the last time.

    Warps are consecutive threads, so lowest and highest tell whether all were of one warp. Those
    that all later users have met are forgotten.
    """

    def __init__(self, count: int) -> None:
        self.time = np.full(count, _NEVER, np.int64)
        self.low = np.zeros(count, np.int64)
        self.high = np.zeros(count, np.int64)
        self.latest = _NEVER

    def clear(self) -> None:
        self.time[:] = self.latest = _NEVER

    def note(self, granules: Array, threads: Array, moments: Moments) -> None:
        time, low, high = self.time[granules], self.low[granules], self.high[granules]
        past = (time <= moments.barrier) | moments.ordered(threads, low, high, time)
        # Of equal indices the last one stays: threads ascend, so it is the highest; reversed, the
        # lowest.
        self.high[granules] = np.where(past, threads, np.maximum(high, threads))
        self.low[granules[::-1]] = np.where(past, threads, np.minimum(low, threads))[::-1]
        self.time[granules] = self.latest = moments.now

    def races(self, granules: Array, threads: Array, moments: Moments) -> tuple[Array, Array]:
        """Return which of `threads` have not met all users, and one of those users."""
        if self.latest <= moments.barrier:
            return np.zeros(0, bool), threads
        time, low, high = self.time[granules], self.low[granules], self.high[granules]
        race = (time > moments.barrier) & ((low != threads) | (high != threads))
        if race.any():
            race &= ~moments.ordered(threads, low, high, time)
        return race, np.where(low != threads, low, high)


class SharedRegion(Region):
    """Shared memory of a block.

    Kept for each granule (as many bytes as the kernel's narrowest access): time and thread of the
    last write, and who read it or changed it atomically. Two uses of a granule by different
    threads, one of them a write, are a race unless a barrier lies between them, or both are of one
    warp and a bar.warp.sync does.
    """

    def __init__(self, size: int, granule: int, threads: int) -> None:
        data = np.zeros(size, np.uint8)
        super().__init__("shared memory", "shared", SHARED, data, True)
        self.granule = granule
        self.threads = threads
        self.outside = np.ones(size // granule, bool)
        self.written = np.zeros(size // granule, np.int64)
        self.writer = np.zeros(size // granule, np.int64)
        self.readers = Users(size // granule)
        self.changers = Users(size // granule)
        self.clear()

    def open(self, start: int, size: int) -> None:
        """Let `size` bytes from `start` on be used."""
        self.outside[start // self.granule : -(-(start + size) // self.granule)] = False

    def clear(self) -> None:
        """Begin a block."""
        self.written[:] = np.where(self.outside, _OUTSIDE, _NEVER)
        self.readers.clear()
        self.changers.clear()
        self.moments = Moments(self.threads)

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
        self.after(self.changers, granules, threads, "reads", "changed atomically by")
        self.readers.note(granules, threads, self.moments)
        self.moments.now += 1

    def before_write(self, places: Array, threads: Array, size: int) -> None:
        granules, threads = self.granules(places, threads, size)
        self.usable(granules, threads, _PENDING)
        self.after_writes(granules, threads, "writes")
        self.after(self.changers, granules, threads, "writes", "changed atomically by")
        self.after(self.readers, granules, threads, "writes", "read by")
        self.writer[granules] = threads
        clash = self.writer[granules] != threads
        self.fail(clash, granules, threads, "writes", "written by", self.writer[granules])
        self.written[granules] = self.moments.now
        self.moments.now += 1

    def before_atomic(self, places: Array, threads: Array, size: int) -> None:
        granules, threads = self.granules(places, threads, size)
        self.usable(granules, threads, _NEVER)
        self.after_writes(granules, threads, "changes")
        self.after(self.readers, granules, threads, "changes", "read by")
        self.changers.note(granules, threads, self.moments)
        self.moments.now += 1

    def begin_copy(self, places: Array, threads: Array, size: int) -> None:
        """A cp.async begins: these bytes are of no use until it has been waited for."""
        self.before_write(places, threads, size)
        granules, _ = self.granules(places, threads, size)
        self.written[granules] = _PENDING

    def end_copy(self, places: Array, threads: Array, size: int) -> None:
        """It has been waited for, by the threads that began it."""
        granules, threads = self.granules(places, threads, size)
        self.written[granules] = self.moments.now
        self.writer[granules] = threads
        self.moments.now += 1

    def usable(self, granules: Array, threads: Array, worst: int) -> None:
        """Raise `Trouble` for granules that are outside, pending, or (`worst`) never written."""
        written = self.written[granules]
        if np.minimum.reduce(written) > _NEVER:
            return
        bad = int((written <= worst).argmax())
        if written[bad] <= worst:
            where = self.describe(int(granules[bad]))
            message = _WRONG[int(written[bad])].format(self.granule, where)
            raise Trouble(message, int(threads[bad]))

    def after_writes(self, granules: Array, threads: Array, does: str) -> None:
        written = self.written[granules]
        if np.maximum.reduce(written) <= self.moments.barrier:
            return
        writer = self.writer[granules]
        race = (written > self.moments.barrier) & (writer != threads)
        if race.any():
            race &= ~self.moments.ordered(threads, writer, writer, written)
            self.fail(race, granules, threads, does, "written by", writer)

    def after(self, users: Users, granules: Array, threads: Array, does: str, done: str) -> None:
        race, others = users.races(granules, threads, self.moments)
        self.fail(race, granules, threads, does, done, others)

    def fail(
        self, race: Array, granules: Array, threads: Array, does: str, done: str, others: Array
    ) -> None:
        """Raise `Trouble` if there is a race."""
        if not race.any():
            return
        first = int(race.argmax())
        where = self.describe(int(granules[first]))
        who = f"{done} thread {others[first]} with no barrier between them"
        raise Trouble(f"race: {does} {where}, {who}", int(threads[first]))

    def describe(self, granule: int) -> str:
        return f"byte {granule * self.granule} of shared memory"
