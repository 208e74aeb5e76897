"""What a run says besides its results, and how it fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Trouble(Exception):  # noqa: N818
    """What is wrong, before the machine says where; `thread` is the number in the block."""

    def __init__(self, message: str, thread: int | None = None) -> None:
        super().__init__(message)
        self.thread = thread


class Fault(Exception):  # noqa: N818
    """A kernel does what it must not; says kernel, instruction, block, thread and why."""


@dataclass
class Access:
    """How the first block reaches memory by one instruction."""

    text: str
    space: str = ""
    constant: bool = False
    """Whether the kernel takes this memory to be constant (.nc)."""
    requests: int = 0
    """Warps that came."""
    transactions: int = 0
    """Sectors of 32 bytes (global), turns of the banks (shared)."""
    least: int = 0
    """What it would have been without gaps or bank conflicts."""


@dataclass
class Report:
    """Counts of one run: `instructions` by threads, `issued` by warps, traffic in bytes.

    `global_read` and `global_written` count each thread's bytes, whether a cache would have them
    or not; `global_distinct` counts bytes that were written, so that less than `global_written`
    tells of some written twice. `accesses` looks at the first block alone, by instruction.
    """

    kernel: str
    blocks: int = 0
    instructions: Counter[str] = field(default_factory=Counter)
    issued: Counter[str] = field(default_factory=Counter)
    global_read: int = 0
    global_written: int = 0
    global_distinct: int = 0
    unrounded_tf32: int = 0
    """Operands of tf32 products with digits that the tensor cores cut off."""
    accesses: list[Access] = field(default_factory=list)

    def count(self, prefix: str) -> int:
        """Return how often threads executed instructions of this beginning."""
        return sum(n for name, n in self.instructions.items() if name.startswith(prefix))

    @property
    def bank_conflicts(self) -> dict[str, float]:
        """Turns of the banks as a multiple of the least possible, for each shared access."""
        return _excess(self.accesses, "shared")

    @property
    def scattering(self) -> dict[str, float]:
        """Sectors of global memory as a multiple of the least possible, for each access."""
        return _excess(self.accesses, "global")


def _excess(accesses: list[Access], space: str) -> dict[str, float]:
    found = [each for each in accesses if each.space == space and each.least]
    return {each.text: each.transactions / each.least for each in found}


def watch(access: Access, addresses: Array, threads: Array, size: int) -> None:
    """Note what one execution of an instruction asks of the memory."""
    if access.space == "shared":
        turns, least = _turns(addresses, threads, size)
    else:
        warps = (threads >> 5) << 48
        sectors = [warps | ((addresses + part) >> 5) for part in range(0, size, 32)]
        turns = len(np.unique(np.concatenate(sectors)))
        distinct = np.unique(warps | (addresses - addresses.min()))
        _, lanes = np.unique(distinct >> 48, return_counts=True)
        least = int(np.sum(-(-lanes * size // 32)))
    access.requests += len(np.unique(threads >> 5))
    access.transactions += turns
    access.least += least


def _turns(addresses: Array, threads: Array, size: int) -> tuple[int, int]:
    """Turns of the 32 banks: a warp comes in 1, 2 or 4 parts, by the bytes that a thread wants."""
    phases = threads * max(size, 4) // 128
    words = np.arange(max(size // 4, 1))
    keys = np.unique(((phases << 40) | ((addresses & (2**32 - 1)) >> 2))[:, None] + words)
    numbers, phase = np.unique(keys >> 40, return_inverse=True)
    loads = np.bincount(phase * 32 + (keys & 31), minlength=32 * len(numbers))
    return int(loads.reshape(-1, 32).max(axis=1).sum()), len(numbers)
