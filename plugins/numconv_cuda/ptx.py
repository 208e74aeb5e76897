"""Every intrinsic: what Python has no word for and a GPU has an instruction for."""

from __future__ import annotations

from typing import Any

import numpy as np
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


def _address(context: Any, builder: Any, kind: Any, value: Any, index: Any, space: int = 0) -> Any:
    """Return the address of an element of an array, or of what a pointer points to."""
    data = value
    if isinstance(kind, types.Array):
        data = context.make_array(kind)(context, builder, value).data
    place = builder.gep(data, [index])
    if space:
        place = builder.addrspacecast(place, ir.PointerType(place.type.pointee, space))
        return builder.ptrtoint(place, ir.IntType(32))
    return builder.ptrtoint(place, ir.IntType(64))


def _assembly(builder: Any, text: str, constraints: str, result: Any, operands: list[Any]) -> Any:
    kinds = [each.type for each in operands]
    code = ir.InlineAsm(ir.FunctionType(result, kinds), text, constraints, side_effect=True)
    call = builder.call(code, operands)
    call.attributes.add("convergent")
    return call


def _words(builder: Any, context: Any, signature: Any, found: Any) -> Any:
    parts = [builder.extract_value(found, i) for i in range(len(signature.return_type))]
    return context.make_tuple(builder, signature.return_type, parts)


_SHARED = 3


def copying(count: int) -> Any:
    """Return the function that begins to copy 4 or 16 bytes to shared memory.

    ``copy(shared, i, source, j, there)``: from ``source[j]`` on to ``shared[i]`` on; zeros if not
    `there`, and then the source is not read.
    """
    # What is read once, and by vectors, need not pass through the first cache.
    way = "cg" if count == _VECTOR_BYTES else "ca"
    text = f"cp.async.{way}.shared.global [$0], [$1], {count}, $2;"
    bits = ir.IntType(32)

    @intrinsic
    def copy(typingctx, shared, i, source, j, there):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            into = _address(context, builder, shared, args[0], args[1], _SHARED)
            out_of = _address(context, builder, source, args[2], args[3])
            is_there = builder.trunc(args[4], ir.IntType(1))
            size = builder.select(is_there, bits(count), bits(0))
            _assembly(builder, text, "r,l,r,~{memory}", ir.VoidType(), [into, out_of, size])
            return context.get_dummy_value()

        return types.void(shared, types.int64, source, types.int64, types.boolean), generate

    return copy


def _statement(text: str) -> Any:
    @intrinsic
    def statement(typingctx):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _assembly(builder, text, "~{memory}", ir.VoidType(), [])
            return context.get_dummy_value()

        return types.void(), generate

    return statement


commit_copies = _statement("cp.async.commit_group;")


def waiting(groups: int) -> Any:
    """Return the function that waits until at most so many groups of copies are under way."""
    return _statement(f"cp.async.wait_group {groups};")


def _matrices(way: str) -> Any:
    @intrinsic
    def matrices(typingctx, shared, index):  # type: ignore[no-untyped-def]
        """Return four 8 x 8 matrices of 16-bit values, two values of each in each lane.

        ``shared[index]`` begins a row of 16 bytes: lanes 0 to 7 say those of the first matrix.
        """

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            where = _address(context, builder, shared, args[0], args[1], _SHARED)
            text = f"ldmatrix.sync.aligned.m8n8.x4{way}.shared.b16 {{$0,$1,$2,$3}}, [$4];"
            kind = ir.LiteralStructType([ir.IntType(32)] * 4)
            found = _assembly(builder, text, "=r,=r,=r,=r,r,~{memory}", kind, [where])
            return _words(builder, context, signature, found)

        return types.UniTuple(types.int32, 4)(shared, types.int64), generate

    return matrices


matrices, matrices_turned = _matrices(""), _matrices(".trans")


def rounding(exponent: int) -> Any:
    """Return the function that rounds a float32 times ``2**exponent`` to 11 significant bits.

    Both are the bits of values. What is no finite number stays none (T. Dekker, "A floating-point
    technique for extending the available precision", 1971).
    """
    factor = _literal((2.0**13 + 1) * 2.0**exponent)
    # Rounded one by one: a compiler that joins these to fewer instructions would break the trick.
    return _of_words(
        "{ .reg .f32 %c, %d; "
        f"mul.rn.f32 %c, $1, {factor}; neg.f32 %d, %c; "
        f"fma.rn.f32 %d, $1, {_literal(2.0**exponent)}, %d; add.rn.f32 $0, %c, %d; }}",
        1,
    )


def leaving(exponent: int) -> Any:
    """Return the function that says what `rounding` left: ``rest(word, near)``, of 12 bits."""
    return _of_words(
        f"{{ .reg .f32 %c; neg.f32 %c, $2; fma.rn.f32 $0, $1, {_literal(2.0**exponent)}, %c; }}",
        2,
    )


def _literal(value: float) -> str:
    return f"0f{np.float32(value).view(np.uint32):08X}"


def _of_words(text: str, count: int) -> Any:
    """Return the function of `count` int32, the bits of float32, that assembly computes."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = [builder.bitcast(each, ir.FloatType()) for each in args]
        constraints = ",".join(["=&f", *["f"] * count])
        found = _assembly(builder, text, constraints, ir.FloatType(), values)
        return builder.bitcast(found, ir.IntType(32))

    word = types.int32

    @intrinsic
    def one(typingctx, first):  # type: ignore[no-untyped-def]
        return word(word), generate

    @intrinsic
    def two(typingctx, first, second):  # type: ignore[no-untyped-def]
        return word(word, word), generate

    return one if count == 1 else two


@intrinsic
def word_at(typingctx, array, index):  # type: ignore[no-untyped-def]
    """Return the 32 bits that begin at an element of an array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(array)(context, builder, args[0]).data
        place = builder.gep(data, [args[1]])
        return builder.load(builder.bitcast(place, ir.IntType(32).as_pointer()), align=4)

    return types.int32(array, types.int64), generate


def multiplying(kind: str, down: int, across: int) -> Any:
    """Return the function that adds products of tensor cores to the sums of a warp.

    ``multiply(sums, a, b)``: `down` times 16 rows of `a`, `across` times 8 columns of `b`, as each
    lane has them (PTX ISA, "Matrix Fragments for mma.m16n8k8" and "m16n8k16"): four int32 of each
    16 rows, two of each 8 columns, four float32 of sums.

    Parameters
    ----------
    kind : {"tf32", "f16"}
    """
    shape = {"tf32": "m16n8k8", "f16": "m16n8k16"}[kind]
    text = (
        f"mma.sync.aligned.{shape}.row.col.f32.{kind}.{kind}.f32 "
        "{$0,$1,$2,$3}, {$4,$5,$6,$7}, {$8,$9}, {$10,$11,$12,$13};"
    )
    constraints = "=f,=f,=f,=f,r,r,r,r,r,r,f,f,f,f"

    @intrinsic
    def multiply(typingctx, sums, a, b):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            places = []
            for kind, value, count in zip(
                signature.args, args, (4 * down * across, 4 * down, 2 * across), strict=True
            ):
                data = context.make_array(kind)(context, builder, value).data
                # Constant places: what they point to stays in registers.
                places.append([builder.gep(data, [ir.IntType(64)(i)]) for i in range(count)])
            totals, left, right = places
            rows, columns = ([builder.load(each) for each in side] for side in (left, right))
            result = ir.LiteralStructType([ir.FloatType()] * 4)
            for m in range(down):
                for n in range(across):
                    own = totals[4 * (m * across + n) :][:4]
                    given = [*rows[4 * m :][:4], *columns[2 * n :][:2], *map(builder.load, own)]
                    found = _assembly(builder, text, constraints, result, given)
                    for i, place in enumerate(own):
                        builder.store(builder.extract_value(found, i), place)
            return context.get_dummy_value()

        return types.void(sums, a, b), generate

    return multiply
