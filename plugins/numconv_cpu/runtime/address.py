"""Arrays that a kernel knows by their address alone.

Numba takes an array argument apart, counts a reference to it and compiles the kernel again for
each number of axes: 80 ns an argument, and 140 ns for the flat view that spares the compilation.
Reading the address costs 2.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.extending import NativeValue, intrinsic, register_model, unbox

_WORD = ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()

# NumPy's binary interface: in an array object, the address of the first element comes first, after
# what all Python objects begin with.
_PLACE = object.__basicsize__


class Address(types.Type):
    """The type of an argument that is given as a NumPy array, and is its address."""

    def __init__(self) -> None:
        super().__init__(name="numconv.Address")


address = Address()


@register_model(Address)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WORD)


@unbox(Address)
def _read(kind: Any, array: Any, context: Any) -> NativeValue:
    """Take the address out of an object that is trusted to be an array."""
    builder = context.builder
    place = builder.gep(builder.bitcast(array, _BYTES), [_WORD(_PLACE)])
    start = builder.load(builder.bitcast(place, _BYTES.as_pointer()))
    return NativeValue(builder.ptrtoint(start, _WORD))


@intrinsic
def word(typingctx, given):  # type: ignore[no-untyped-def]
    """Return an address, or where a pointer points to, as an integer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return args[0] if isinstance(given, Address) else builder.ptrtoint(args[0], _WORD)

    return types.int64(given), generate
