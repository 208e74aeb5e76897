"""Workers on threads: a kernel's worker is compiled once, whatever calls it.

Numba compiles a function again into each caller. So what calls the workers stands alone here and
in `pool`, and calls them by address, like any C function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core import cgutils
from numba.extending import intrinsic

from ..simd.memory import at, clear
from .address import address, word
from .compile import Prepared, kernel, routine
from .pool import POINTERS, run_job

# Counters stand so many words apart, and are on the stack if there are few.
LINE, FEW = 8, 16


def worker(
    function: Callable[..., None],
    dtype: str,
    geometry: np.dtype[Any],
    parts: np.dtype[Any],
    fused: bool = True,
) -> int:
    """Compile a worker, and return its address.

    Parameters
    ----------
    function : callable
        Called with stage, worker, and the pointers that `start` gets the arrays of: counters,
        x, weight, bias, residual, out, workspace, tables, parts, geometry.
    dtype : str
        Of x, weight, bias, residual, out and workspace.
    geometry, parts : dtype
        Of their records.
    fused : bool
        As of `compile.kernel`.
    """
    integers = types.CPointer(types.int64)
    values = _pointer(np.dtype(dtype))
    records = map(_pointer, (parts, geometry))
    arguments = (types.intp, types.intp, integers, *(values,) * 6, integers, *records)
    return routine(function, arguments, fused, arrays=False)


@lru_cache(maxsize=64)
def _pointer(dtype: np.dtype[Any]) -> types.CPointer:
    """Return Numba's type of a pointer; that of a record takes a part of the time of a plan."""
    return types.CPointer(from_dtype(dtype))


@kernel
def _start(  # type: ignore[no-untyped-def]
    function,
    stages,
    workers,
    limit,
    x,
    weight,
    bias,
    residual,
    out,
    workspace,
    tables,
    parts,
    geometry,
    pool,
    many,
):
    """Call the worker `function` for every stage, with what threads of the pool come to help.

    Parameters
    ----------
    function : int
        Address of the worker.
    stages, workers : int
        All workers of a stage are done before the next stage begins. However many of them there
        are, they do all tasks.
    limit : int
        How many there are at most; with 1, the caller does everything.
    x, weight, bias, residual, out, workspace, tables, parts, geometry : address
        C-contiguous arrays of any shape: the worker knows what it is handed.
    pool : address
        The memory of the pool of threads.
    many : address
        Zeros for counters, `LINE` for each worker of each stage if these are more than `FEW`.
    """
    # The counters by which workers share tasks stand in cache lines of their own.
    room = _room()
    pointers, counters = at(room, 0), at(room, POINTERS)
    pointers[1] = word(x)
    pointers[2] = word(weight)
    pointers[3] = word(bias)
    pointers[4] = word(residual)
    pointers[5] = word(out)
    pointers[6] = word(workspace)
    pointers[7] = word(tables)
    pointers[8] = word(parts)
    pointers[9] = word(geometry)
    if stages * workers <= FEW:
        clear(counters, LINE * stages * workers)
        pointers[0] = word(counters)
    else:
        pointers[0] = word(many)
    run_job(word(pool), function, stages, min(limit, workers), pointers)


@intrinsic
def _room(typingctx):  # type: ignore[no-untyped-def]
    """Return room on the stack for the addresses and few counters: to allocate takes longer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return cgutils.alloca_once(builder, ir.IntType(64), size=POINTERS + LINE * FEW)

    return types.CPointer(types.int64)(), generate


start = Prepared(_start, (*(types.int64,) * 4, *(address,) * 11))
"""`_start` as `threads.run` calls it; the eleven addresses are given as arrays."""
