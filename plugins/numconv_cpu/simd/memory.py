"""Raw memory for kernels: typed pointers, copies, and a counter that threads share.

Kernels hand pointers, not arrays, to their helpers: an array argument costs reference counting at
every call, ten times as much as the call. A pointer `p` is read and written as ``p[i]``.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

# As two float32 each half is 1, and the whole is a normal float64.
_NORMAL = ir.IntType(64)(0x3F8000003F800000)


@intrinsic
def pointer(typingctx, array):  # type: ignore[no-untyped-def]
    """Return the pointer to the first element of an array, which must outlive it."""
    if not isinstance(array, types.Array) or array.layout != "C":
        raise TypingError(f"a contiguous array was expected, not {array}")

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return context.make_array(array)(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), generate


@intrinsic
def at(typingctx, start, offset):  # type: ignore[no-untyped-def]
    """Return the pointer `offset` elements after `start`."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.gep(args[0], [args[1]])

    return start(start, types.intp), generate


@intrinsic
def record_at(typingctx, records, index):  # type: ignore[no-untyped-def]
    """Return record `index` of those that a pointer points to."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return records.dtype(records, types.intp), generate


@intrinsic
def store_biased(typingctx, integers, index, value):  # type: ignore[no-untyped-def]
    """Write an integer of up to 30 bits into a workspace, biased so that it is a normal float.

    Kernels also sum over what lies between the values of a workspace, in lanes that are not
    stored. As floats, plain integers would be subnormal there, with which processors take a hundred
    times as long; biased ones are near 1. `load_biased` reads them.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = builder.add(args[2], _NORMAL)
        builder.store(number, builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(integers, types.intp, types.int64), generate


@intrinsic
def load_biased(typingctx, integers, index):  # type: ignore[no-untyped-def]
    """Return an integer that `store_biased` wrote."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sub(builder.load(builder.gep(args[0], [args[1]])), _NORMAL)

    return types.int64(integers, types.intp), generate


@intrinsic
def integers(typingctx, start):  # type: ignore[no-untyped-def]
    """Return a pointer into the workspace as one to int64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int64)(start), generate


@intrinsic
def zero(typingctx, start):  # type: ignore[no-untyped-def]
    """Return the zero of the type that a pointer points to."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.get_constant_null(signature.return_type)

    return start.dtype(start), generate


@intrinsic
def copy(typingctx, target, source, count):  # type: ignore[no-untyped-def]
    """Copy `count` elements between pointers; they must not overlap."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        size = context.get_abi_sizeof(context.get_data_type(target.dtype))
        cgutils.raw_memcpy(builder, args[0], args[1], args[2], size)
        return context.get_dummy_value()

    return types.void(target, source, types.intp), generate


@intrinsic
def clear(typingctx, target, count):  # type: ignore[no-untyped-def]
    """Write `count` zeros."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        size = context.get_abi_sizeof(context.get_data_type(target.dtype))
        count = builder.mul(args[1], ir.Constant(args[1].type, size))
        cgutils.memset(builder, args[0], count, 0)
        return context.get_dummy_value()

    return types.void(target, types.intp), generate


@intrinsic
def fetch_add(typingctx, counter, count):  # type: ignore[no-untyped-def]
    """Add `count` to the integer at `counter`, atomically, and return what was there before.

    Threads that take their tasks so share them fairly even when one is held up by other programs.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", args[0], args[1], "monotonic")

    return types.intp(counter, types.intp), generate
