"""How wide the vectors of this processor are, and how many registers hold them."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

from numconv.plugin import ArgumentError


@dataclass(frozen=True)
class Machine:
    """The vector registers that kernels are shaped for.

    Parameters
    ----------
    name : str
        Of the instruction set.
    vector_bytes, registers : int
        Size and number of the vector registers.
    """

    name: str
    vector_bytes: int
    registers: int

    def lanes(self, itemsize: int) -> int:
        """Return how many values of `itemsize` bytes a vector holds."""
        return self.vector_bytes // itemsize

    @property
    def rows(self) -> int:
        """Rows of the widest register tile: half of the columns' loads are saved by each doubling,
        until too few registers are left for three vectors a row."""
        return 8 if self.registers >= 32 else 4

    def vectors(self, rows: int) -> int:
        """Return how many vectors a row of a register tile may have.

        Besides the tile, one register holds the broadcast operand and, where several rows share
        them, one the loaded vector of each column. Eight vectors hide the latency of the FMAs of
        a single row; more bring nothing.
        """
        if rows == 1:
            return 8
        return max((self.registers - 1) // (rows + 1), 1)


MACHINES = {
    "avx512": Machine("avx512", 64, 32),
    "avx2": Machine("avx2", 32, 16),
    "sse": Machine("sse", 16, 16),
    "neon": Machine("neon", 16, 32),
}


@functools.cache
def machine() -> Machine:
    """Return the machine that kernels are compiled for.

    ``NUMCONV_SIMD`` overrides what is found. It changes the shape of the register tiles, not the
    instructions: vectors that the processor lacks are made of those it has.
    """
    chosen = os.environ.get("NUMCONV_SIMD")
    if chosen is None:
        return MACHINES[_found()]
    if chosen not in MACHINES:
        raise ArgumentError("NUMCONV_SIMD", chosen, "one of " + ", ".join(MACHINES))
    return MACHINES[chosen]


def _found() -> str:
    from numba.core.registry import cpu_target

    # What Numba compiles for, which NUMBA_CPU_NAME and NUMBA_CPU_FEATURES may change.
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    if triple.startswith(("aarch64", "arm64")):
        return "neon"
    enabled = set(features.split(","))
    if "+avx512f" in enabled:
        return "avx512"
    return "avx2" if {"+avx2", "+fma"} <= enabled else "sse"
