"""Lines of any dtype to lines of float64 and back: a routine for each dtype, called by address.

So what sums is compiled once, and a dtype that is met for the first time costs two short loops.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core import cgutils
from numba.extending import intrinsic

from ...runtime.compile import routine
from ...simd.memory import at

LIMIT_32, LIMIT_64 = 2.0**31, 2.0**63
_DOUBLES, _PLACES = types.CPointer(types.float64), types.CPointer(types.int64)


@intrinsic
def call(typingctx, function, arguments):  # type: ignore[no-untyped-def]
    """Call the routine at address `function` with a tuple of numbers and pointers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = cgutils.unpack_tuple(builder, args[1])
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), values)
        return context.get_dummy_value()

    return types.void(function, arguments), generate


@functools.cache
def loader(dtype: str) -> int:
    """Return the address of `load` for arrays of this dtype."""
    array = types.CPointer(from_dtype(np.dtype(dtype)))
    borders = (types.intp, _PLACES) * 2
    counts = (types.intp,) * 4
    return routine(load, (array, _DOUBLES, *counts, types.intp, *borders, types.float64), False)


@functools.cache
def storer(dtype: str) -> int:
    """Return the address of the routine that stores lines as this dtype."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        function = store_floats
    elif dtype == "uint64":
        function = store_longest
    else:
        narrow = kind.itemsize <= 2 or dtype == "int32"
        function = store_through_int32 if narrow else store_through_int64
    counts = (types.intp,) * 4
    return routine(function, (_DOUBLES, types.CPointer(from_dtype(kind)), *counts), False)


def load(  # type: ignore[no-untyped-def]
    source, target, source_step, target_step, rows, inner, first, left, lefts, right, rights, fill
):
    """Copy `inner` values of each row, from `first` on, with what stands to the left and right.

    Parameters
    ----------
    source, target : pointer
        To the first value of the first row, and to where what stands left of it goes.
    source_step, target_step : int
        From one row to the next.
    lefts, rights : pointer to int64
        Which values of the row stand there, `left` and `right` in number; -1 stands for `fill`.
    """
    for row in range(rows):
        values, out = at(source, row * source_step), at(target, row * target_step)
        for i in range(left):
            out[i] = values[lefts[i]] if lefts[i] >= 0 else fill
        for i in range(inner):
            out[left + i] = values[first + i]
        for i in range(right):
            out[left + inner + i] = values[rights[i]] if rights[i] >= 0 else fill


# All that store have the same parameters: where the values are and where they go, from one row to
# the next in both, how many rows, and how many values of each. `core.operators.filter.stored` says
# what becomes of a number that the type does not hold.


def store_floats(source, target, source_step, target_step, rows, count):  # type: ignore[no-untyped-def]
    """Store rows as float32 or float64."""
    for row in range(rows):
        values, out = at(source, row * source_step), at(target, row * target_step)
        for i in range(count):
            out[i] = values[i]


def store_through_int32(source, target, source_step, target_step, rows, count):  # type: ignore[no-untyped-def]
    """Store rows as an integer of up to 16 bits, or int32."""
    for row in range(rows):
        values, out = at(source, row * source_step), at(target, row * target_step)
        for i in range(count):
            value = values[i]
            out[i] = np.int32(value if abs(value) < LIMIT_32 else -LIMIT_32)


def store_through_int64(source, target, source_step, target_step, rows, count):  # type: ignore[no-untyped-def]
    """Store rows as uint32 or int64."""
    for row in range(rows):
        values, out = at(source, row * source_step), at(target, row * target_step)
        for i in range(count):
            value = values[i]
            out[i] = np.int64(value if abs(value) < LIMIT_64 else -LIMIT_64)


def store_longest(source, target, source_step, target_step, rows, count):  # type: ignore[no-untyped-def]
    """Store rows as uint64."""
    for row in range(rows):
        values, out = at(source, row * source_step), at(target, row * target_step)
        for i in range(count):
            value = values[i]
            high = value >= LIMIT_64
            value = value - LIMIT_64 if high else value
            whole = np.uint64(np.int64(value if abs(value) < LIMIT_64 else -LIMIT_64))
            out[i] = whole ^ np.uint64(np.uint64(high) << np.uint64(63))
