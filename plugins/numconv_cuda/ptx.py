"""Every intrinsic: what Python has no word for and a GPU has an instruction for."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.cuda.extending import intrinsic

_VECTOR_BYTES = 16


@intrinsic
def load4(typingctx, array, index):  # type: ignore[no-untyped-def]
    """Return four neighbouring elements of an array or behind a pointer, from `index` on.

    The address must be a multiple of 16 bytes.
    """
    element = array.dtype

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values, first = args
        if isinstance(array, types.Array):
            values = context.make_array(array)(context, builder, values).data
        vector = ir.VectorType(context.get_data_type(element), 4)
        place = builder.bitcast(builder.gep(values, [first]), vector.as_pointer())
        loaded = builder.load(place, align=_VECTOR_BYTES)
        parts = [builder.extract_element(loaded, ir.Constant(ir.IntType(32), i)) for i in range(4)]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(element, 4)(array, types.int64), generate


@intrinsic
def anew(typingctx, value):  # type: ignore[no-untyped-def]
    """Return an int64 as one that the compiler knows nothing of.

    What is computed from it is not kept in registers from an earlier time.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word])
        return builder.call(ir.InlineAsm(kind, "mov.b64 $0, $1;", "=l,l", side_effect=True), args)

    return types.int64(types.int64), generate


@intrinsic
def behind(typingctx, pointer, count):  # type: ignore[no-untyped-def]
    """Return a pointer to what stands `count` elements behind another one, in global memory.

    The compiler knows nothing of it, so offsets of 32 bits from there are not made longer ones.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word])
        place = builder.ptrtoint(builder.gep(args[0], [args[1]]), word)
        place = builder.call(ir.InlineAsm(kind, "mov.b64 $0, $1;", "=l,l"), [place])
        element = context.get_data_type(pointer.dtype)
        made = builder.inttoptr(place, ir.PointerType(element, addrspace=1))
        return builder.addrspacecast(made, ir.PointerType(element))

    return pointer(pointer, types.int64), generate
