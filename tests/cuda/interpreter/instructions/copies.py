"""cp.async: copies from global to shared memory that arrive when they are waited for."""

from __future__ import annotations

import numpy as np

from ..formats import TYPES
from ..machine import Control, Index, Step
from ..memory import Memory
from ..report import Access, Array, Trouble
from ..shared import SharedRegion
from .building import Build, known
from .movement import take_space


class Copies:
    """Asynchronous copies that have begun: their bytes arrive when they are waited for."""

    def __init__(self, threads: int) -> None:
        self.groups = np.zeros(threads, np.int64)
        self.begun: list[tuple[SharedRegion, Array, Array, Array, Array]] = []

    def clear(self) -> None:
        self.groups[:] = 0
        self.begun = []

    def begin(self, region: SharedRegion, places: Array, threads: Array, data: Array) -> None:
        region.begin_copy(places, threads, data.shape[1])
        self.begun.append((region, places, threads, data, self.groups[threads]))

    def wait(self, threads: Array, groups: Array) -> None:
        """Let what these threads began before their group `groups` arrive."""
        until = np.full(len(self.groups), -1)
        until[threads] = groups
        left = []
        for region, places, owners, data, number in self.begun:
            done = number < until[owners]
            if done.any():
                windows = region.windows.of(data.dtype, data.shape[1])
                windows[places[done]] = data[done]
                region.end_copy(places[done], owners[done], data.shape[1])
            if not done.all():
                left.append((region, places[~done], owners[~done], data[~done], number[~done]))
        self.begun = left


@known("cp")
def cp_async(build: Build) -> Step | Control:
    if not build.flag("async"):
        raise build.unknown()
    copies, ids = build.launch.copies, build.launch.ids
    if build.flag("commit_group"):

        def commit(index: Index) -> None:
            copies.groups[index] += 1

        return commit
    if build.flag("wait_all"):
        return lambda index: copies.wait(ids[index], copies.groups[index] + 1)
    if build.flag("wait_group"):
        behind = build.source(0, TYPES["u32"])
        return lambda index: copies.wait(ids[index], copies.groups[index] - behind[index])
    return _begin_copy(build)


def _begin_copy(build: Build) -> Step:
    build.choice("ca", "cg")
    if not (build.flag("shared", "shared::cta") and build.flag("global")):
        raise build.unknown()
    take_space(build)
    launch = build.launch
    memory, copies, ids = launch.memory, launch.copies, launch.ids
    into = launch.addresses(build.operand(0), "shared")
    out_of = launch.addresses(build.operand(1), "global")
    size = int(build.source(2, TYPES["u32"])[0])
    wanted = build.source(min(3, len(build.operands) - 1), TYPES["u32"])
    read, write = launch.access(build.instruction), launch.access(build.instruction)

    def run(index: Index) -> None:
        threads, addresses, counts = ids[index], out_of(index), wanted[index]
        region = memory.find(into(index), threads, size, "shared")
        assert isinstance(region, SharedRegion)
        data = np.zeros((len(threads), size), np.uint8)
        if (counts > size).any():
            raise Trouble(f"more than {size} bytes to be read", int(threads[counts.argmax()]))
        if (addresses & np.uint64(size - 1)).any():
            memory.find(addresses, threads, size, "")  # says which one is not aligned
        for count in np.unique(counts[counts > 0]).tolist():
            chosen = counts == count
            data[chosen, :count] = _bytes(memory, addresses[chosen], threads[chosen], count, read)
        parts = memory.parts(into(index), threads, size, "shared", write)
        copies.begin(region, parts[0][1], threads, data)

    return run


def _bytes(memory: Memory, addresses: Array, threads: Array, count: int, access: Access) -> Array:
    """Return `count` bytes for each thread, which need not be a power of two."""
    byte = np.dtype(np.uint8)
    if count in (2, 4, 8, 16):
        return memory.load(addresses, threads, byte, count, "global", access)
    places = [addresses + np.uint64(each) for each in range(count)]
    return np.stack([memory.load(each, threads, byte, 1, "global") for each in places], axis=1)
