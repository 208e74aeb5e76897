"""What a made-up driver knows: contexts, streams, memory, and what was asked of it."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .table import FUNCTIONS

SOURCE = Path(__file__).with_name("library.c")
INVALID_VALUE, INVALID_CONTEXT, INVALID_HANDLE, UNKNOWN = 1, 201, 400, 999
NOT_SUPPORTED = 801
POISON = 0xFF  # a NaN, or -1
ALIGNMENT = 256
LEGACY, PER_THREAD = 1, 2

_FIND = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)


class DriverError(Exception):
    def __init__(self, number: int) -> None:
        self.number = number


class Driver:
    """Two GPUs, their contexts, memory, streams and kernels, and what was asked of them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.unknown: list[str] = []
        self.faults: list[BaseException] = []
        self.memory: dict[int, tuple[int, Any]] = {}
        self.streams: dict[tuple[int, int], deque[Callable[[], None]]] = {}
        self.failing: dict[str, int] = {}
        self.shared: dict[tuple[int, int], int] = {}
        """How many bytes of shared memory a kernel may have on a GPU, where that was said."""
        self.thread = threading.local()
        self.kept: list[Any] = []
        self.handles: dict[int, Any] = {}
        self._next = 0x1000

    def load(self, folder: Path) -> None:
        """Make it the driver of this process."""
        library = folder / "libcuda.so.1"
        options = ("-shared", "-fPIC", "-Wl,-soname,libcuda.so.1")
        subprocess.run(["cc", *options, "-o", library, SOURCE], check=True)
        loaded = ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        found = {name: self._callback(name, *each) for name, each in FUNCTIONS.items()}
        find = _FIND(lambda name: found.get(name.decode()) or self._absent(name.decode()))
        self.kept += [loaded, find]
        loaded.made_up(find)

    def _callback(self, name: str, function: Callable[..., Any], kinds: tuple[Any, ...]) -> int:
        def call(*arguments: Any) -> int:
            if self.failing.get(name):
                return self.failing.pop(name)
            try:
                function(self, *arguments)
            except DriverError as error:
                return error.number
            except BaseException as error:
                self.faults.append(error)
                return UNKNOWN
            return 0

        made = ctypes.CFUNCTYPE(ctypes.c_int, *kinds)(call)
        self.kept.append(made)
        return ctypes.cast(made, ctypes.c_void_p).value or 0

    def _absent(self, name: str) -> int:
        def call() -> int:
            self.unknown.append(name)
            return NOT_SUPPORTED

        made = ctypes.CFUNCTYPE(ctypes.c_int)(call)
        self.kept.append(made)
        return ctypes.cast(made, ctypes.c_void_p).value or 0

    # Handles, contexts and streams

    def new(self, value: Any) -> int:
        self._next += 0x10
        self.handles[self._next] = value
        return self._next

    def of(self, number: int | None) -> Any:
        if number not in self.handles:
            raise DriverError(INVALID_HANDLE)
        return self.handles[number]

    @property
    def current(self) -> int:
        """The current GPU of the thread."""
        if not self.stack:
            raise DriverError(INVALID_CONTEXT)
        return self.stack[-1]

    @property
    def stack(self) -> list[int]:
        """The GPUs of the contexts of this thread, the current one last."""
        found: list[int] = self.thread.__dict__.setdefault("stack", [])
        return found

    def where(self, stream: int | None) -> tuple[int, int]:
        """Return the GPU and the number of a stream."""
        number = stream or LEGACY
        return (self.of(number) if number > PER_THREAD else self.current), number

    def queue(self, stream: int | None) -> deque[Callable[[], None]]:
        """Return what is enqueued on a stream."""
        return self.streams.setdefault(self.where(stream), deque())

    def enqueue(self, stream: int | None, what: str, work: Callable[[], None]) -> None:
        gpu, number = self.where(stream)
        self.log.append(f"{what} on {gpu}/{number:x}")
        self.queue(stream).append(work)

    def must_be_current(self, stream: int | None) -> None:
        """Raise if a stream, to which a kernel goes, is of another GPU than the current one."""
        if self.where(stream)[0] != self.current:
            raise DriverError(INVALID_HANDLE)

    def drain(self, queue: deque[Callable[[], None]]) -> None:
        # What is collected may wait for the GPU, which would begin the next piece within one.
        gc.disable()
        while queue:
            try:
                queue.popleft()()
            except BaseException as fault:
                self.faults.append(fault)
        gc.enable()

    def finish(self) -> None:
        """Do all that is enqueued anywhere, the latest stream first."""
        for queue in reversed(self.streams.values()):
            self.drain(queue)

    # Memory

    def allocate(self, gpu: int, nbytes: int) -> int:
        room = ctypes.create_string_buffer(nbytes + ALIGNMENT)
        start = -(-ctypes.addressof(room) // ALIGNMENT) * ALIGNMENT
        values = np.frombuffer((ctypes.c_uint8 * nbytes).from_address(start), np.uint8)
        values[...] = POISON
        self.kept.append(room)
        self.memory[start] = gpu, values
        return start

    def holder(self, address: int) -> tuple[int, Any, int]:
        """Return the GPU of an address, the bytes of the allocation, and the place among them."""
        for start, (gpu, values) in self.memory.items():
            if start <= address < start + values.size:
                return gpu, values, address - start
        raise DriverError(INVALID_VALUE)

    def free(self, address: int) -> None:
        _, values = self.memory.pop(address)
        values[...] = POISON
