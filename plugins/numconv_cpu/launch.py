"""Workers on threads: what is parallel is compiled once, whatever the workers do.

Numba compiles a function again into each caller, and into each parallel loop twice. So the
parallel loop stands alone here and calls its workers by address, like any C function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, prange, types
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import intrinsic

from .address import address, word
from .compile import FASTMATH, KernelCache, Prepared, kernel
from .simd.memory import pointer

POINTERS = 10
_WORD = ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()

_routines: dict[Any, CFunc] = {}


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
    values = types.CPointer(from_dtype(np.dtype(dtype)))
    records = (types.CPointer(from_dtype(each)) for each in (parts, geometry))
    arguments = (types.intp, types.intp, integers, *(values,) * 6, integers, *records)
    return routine(function, arguments, fused)


def routine(function: Callable[..., None], arguments: tuple[Any, ...], fused: bool = True) -> int:
    """Compile a function without a result for arguments of these types, and return its address.

    Whether it may fuse products and sums is said as to `compile.kernel`.
    """
    key = (function, arguments, fused)
    with global_compiler_lock:
        if key not in _routines:
            _routines[key] = _compile(*key)
        return int(_routines[key].address)


def _compile(function: Callable[..., None], arguments: tuple[Any, ...], fused: bool) -> CFunc:
    fastmath = FASTMATH if fused else False
    options = {"nopython": True, "error_model": "numpy", "fastmath": fastmath}
    compiled = CFunc(function, (arguments, types.void), {}, options)
    compiled._cache = KernelCache(function)
    compiled.compile()
    return compiled


@intrinsic
def call(typingctx, function, stage, index, pointers):  # type: ignore[no-untyped-def]
    """Call the worker at address `function` with the addresses that stand in `pointers`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_WORD, _WORD, *[_BYTES] * POINTERS])
        target = builder.inttoptr(args[0], kind.as_pointer())
        addresses = [
            builder.inttoptr(builder.load(builder.gep(args[3], [_WORD(i)])), _BYTES)
            for i in range(POINTERS)
        ]
        builder.call(target, [args[1], args[2], *addresses])
        return context.get_dummy_value()

    integers = types.CPointer(types.int64)
    return types.void(types.int64, types.int64, types.int64, integers), generate


@kernel(parallel=True)
def _start(  # type: ignore[no-untyped-def]
    function,
    stages,
    workers,
    x,
    weight,
    bias,
    residual,
    out,
    workspace,
    tables,
    parts,
    geometry,
    serial,
):
    """Call the worker `function` for every stage, on threads unless `serial`.

    Parameters
    ----------
    function : int
        Address of the worker.
    stages, workers : int
        All workers of a stage are done before the next stage begins.
    x, weight, bias, residual, out, workspace, tables, parts, geometry : address
        C-contiguous arrays of any shape: the worker knows what it is handed.
    serial : bool
        Whether to do without threads.
    """
    # The counters by which workers share tasks stand in cache lines of their own.
    counters = np.zeros(8 * stages * workers, np.int64)
    pointers = np.empty(POINTERS, np.int64)
    pointers[0] = word(pointer(counters))
    pointers[1] = word(x)
    pointers[2] = word(weight)
    pointers[3] = word(bias)
    pointers[4] = word(residual)
    pointers[5] = word(out)
    pointers[6] = word(workspace)
    pointers[7] = word(tables)
    pointers[8] = word(parts)
    pointers[9] = word(geometry)
    if serial:
        for stage in range(stages):
            call(function, stage, 0, pointer(pointers))
    else:
        for stage in range(stages):
            for index in prange(workers):
                call(function, stage, np.int64(index), pointer(pointers))
    # What is only known by its address must live until here.
    counters[0] = 0


start = Prepared(_start, (*(types.int64,) * 3, *(address,) * 9, types.boolean))
"""`_start` as `threads.run` takes it; the nine addresses are given as arrays."""
