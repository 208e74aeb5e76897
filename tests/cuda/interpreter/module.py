"""What users of the interpreter call: a module of PTX, and its kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .launch import Launch
from .parse import parse
from .program import Program, flatten
from .report import Report
from .syntax import PtxError


class Module:
    """PTX text, parsed.

    Raises
    ------
    PtxError
        If it cannot be understood.
    """

    def __init__(self, text: str) -> None:
        self.functions, self.variables = parse(text)

    def kernel(self, name: str = "") -> Kernel:
        """Return the entry called `name`, or the only one whose name contains it."""
        entries = [each for each in self.functions.values() if each.entry]
        found = [each for each in entries if each.name == name]
        found = found or [each for each in entries if name in each.name]
        if len(found) != 1:
            names = ", ".join(each.name for each in entries)
            raise PtxError(f"{len(found)} kernels are called {name!r}; there are: {names}")
        return Kernel(flatten(found[0], self.functions, self.variables))


class Kernel:
    """An entry of a module."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.name = program.kernel.name
        self.ready: dict[tuple[tuple[int, int, int], int], list[Launch]] = {}
        """Launches made ready, by block and shared bytes, which nobody runs at the moment."""

    def run(
        self,
        grid: int | Sequence[int],
        block: int | Sequence[int],
        args: Sequence[Any],
        shared_bytes: int = 0,
        watched: bool = True,
    ) -> Report:
        """Run the kernel on `args`: arrays, of which it gets the address, and scalars.

        Arrays are changed in place; one that is read-only must not be written. `shared_bytes` is
        the size of dynamic shared memory. Unless it is `watched`, the report says nothing of how
        memory is reached.

        Raises
        ------
        Fault
            If the kernel does what it must not.
        PtxError
            If it has instructions that the interpreter lacks.
        """
        ready = self.ready.setdefault((_three(block), shared_bytes), [])
        with np.errstate(all="ignore"):
            launch = ready.pop() if ready else Launch(self.program, _three(block), shared_bytes)
            report = launch.run(_three(grid), args, watched)
        # Not after a fault, which leaves it as it was then.
        ready.append(launch)
        return report


def _three(extent: int | Sequence[int]) -> tuple[int, int, int]:
    sizes = (extent,) if isinstance(extent, int) else tuple(extent)
    x, y, z = (*sizes, 1, 1)[:3]
    return int(x), int(y), int(z)
