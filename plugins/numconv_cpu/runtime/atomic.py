"""What threads agree by: integers in memory that are read and changed in one step.

All are 64-bit integers, given by their pointers. Every change here is sequentially consistent: no
thread sees two of them in another order than any other thread.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WORD = ir.IntType(64)
_INT = ir.IntType(32)
# What tells a core that it waits for another: it then leaves its execution units to its neighbour,
# and sees the other's write sooner.
_PAUSES: dict[str, tuple[str, tuple[int, ...]]] = {
    "x86_64": ("llvm.x86.sse2.pause", ()),
    "amd64": ("llvm.x86.sse2.pause", ()),
    "aarch64": ("llvm.aarch64.hint", (1,)),
    "arm64": ("llvm.aarch64.hint", (1,)),
}
_PAUSE = _PAUSES.get(platform.machine().lower())


@intrinsic
def load(typingctx, place):  # type: ignore[no-untyped-def]
    """Return the integer at `place`, and see all that its writer had written before it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(args[0], "seq_cst", align=8)

    return types.int64(place), generate


@intrinsic
def store(typingctx, place, value):  # type: ignore[no-untyped-def]
    """Write `value`; who reads it sees all that this thread has written before."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], args[0], "seq_cst", align=8)
        return context.get_dummy_value()

    return types.void(place, types.int64), generate


@intrinsic
def add(typingctx, place, value):  # type: ignore[no-untyped-def]
    """Add `value`, and return what was there before."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", args[0], args[1], "seq_cst")

    return types.int64(place, types.int64), generate


@intrinsic
def compare_exchange(typingctx, place, expected, value):  # type: ignore[no-untyped-def]
    """Write `value` if `expected` is what is there, and return whether it was."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pair = builder.cmpxchg(args[0], args[1], args[2], "seq_cst", "seq_cst")
        return builder.extract_value(pair, 1)

    return types.boolean(place, types.int64, types.int64), generate


@intrinsic
def pause(typingctx):  # type: ignore[no-untyped-def]
    """Wait for an instant in a loop that waits for another core."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _PAUSE is not None:
            name, numbers = _PAUSE
            kind = ir.FunctionType(ir.VoidType(), [_INT] * len(numbers))
            instruction = cgutils.get_or_insert_function(builder.module, kind, name)
            builder.call(instruction, [_INT(number) for number in numbers])
        return context.get_dummy_value()

    return types.void(), generate
