"""Numba's kernels as PTX, without a GPU or a driver, and the inline PTX that tests of them use.

Import it after `pytest.importorskip("numba_cuda", ...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

from llvmlite import ir
from numba import cuda, types
from numba.core import cgutils
from numba.cuda import dispatcher
from numba.cuda.extending import intrinsic

f16, f32, f64 = types.float16, types.float32, types.float64
i32, i64 = types.int32, types.int64
pointer = types.CPointer


def ptx(function: Callable[..., None], *arguments: Any, cc: tuple[int, int] = (8, 0)) -> str:
    """Return the PTX of a kernel for arguments of these types.

    Device functions (`cuda.jit(device=True)`) are compiled for the first `cc` that asks for them.
    """
    # Numba asks the driver what to compile a device function for, though it was told.
    present = SimpleNamespace(compute_capability=cc)
    with mock.patch.object(dispatcher, "get_current_device", return_value=present):
        text, _ = cuda.compile_ptx(function, types.void(*arguments), cc=cc)
    return str(text)


def _address(context: Any, builder: Any, kind: Any, value: Any, index: Any) -> Any:
    """Return the address of an element of an array or of what a pointer points to, as int64."""
    data = value
    if isinstance(kind, types.Array):
        data = context.make_array(kind)(context, builder, value).data
    return builder.ptrtoint(builder.gep(data, [index]), ir.IntType(64))


def _assembly(builder: Any, text: str, constraints: str, result: Any, operands: list[Any]) -> Any:
    kinds = [each.type for each in operands]
    code = ir.InlineAsm(ir.FunctionType(result, kinds), text, constraints, side_effect=True)
    call = builder.call(code, operands)
    call.attributes.add("convergent")
    return call


@intrinsic
def copy_async(typingctx: Any, shared: Any, i: Any, source: Any, j: Any) -> Any:
    """Begin to copy 16 bytes from `source[j]` on to `shared[i]` on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        into = _address(context, builder, signature.args[0], args[0], args[1])
        out_of = _address(context, builder, signature.args[2], args[2], args[3])
        text = """{ .reg .u64 %s; cvta.to.shared.u64 %s, $0;
            cp.async.cg.shared.global [%s], [$1], 16; }"""
        _assembly(builder, text, "l,l,~{memory}", ir.VoidType(), [into, out_of])
        return context.get_dummy_value()

    return types.void(shared, types.int64, source, types.int64), codegen


def _statement(text: str) -> Any:
    @intrinsic
    def statement(typingctx: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _assembly(builder, text, "~{memory}", ir.VoidType(), [])
            return context.get_dummy_value()

        return types.void(), codegen

    return statement


commit = _statement("cp.async.commit_group;")
wait_one = _statement("cp.async.wait_group 1;")


@intrinsic
def to_tf32(typingctx: Any, x: Any) -> Any:
    """Round a float32 value to tf32, in the bits of an int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        text = "cvt.rna.tf32.f32 $0, $1;"
        return _assembly(builder, text, "=r,f", ir.IntType(32), list(args))

    return types.int32(types.float32), codegen


@intrinsic
def mma_tf32(
    typingctx: Any, a0: Any, a1: Any, a2: Any, a3: Any, b0: Any, b1: Any,
    c0: Any, c1: Any, c2: Any, c3: Any,
) -> Any:  # fmt: skip
    """Multiply 16 x 8 by 8 x 8 tf32 values and add 16 x 8 sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        text = """mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
            {$0,$1,$2,$3}, {$4,$5,$6,$7}, {$8,$9}, {$10,$11,$12,$13};"""
        sums = ir.LiteralStructType([ir.FloatType()] * 4)
        constraints = "=f,=f,=f,=f,r,r,r,r,r,r,f,f,f,f"
        found = _assembly(builder, text, constraints, sums, list(args))
        values = [builder.extract_value(found, i) for i in range(4)]
        return cgutils.pack_array(builder, values)

    return types.UniTuple(types.float32, 4)(*[types.int32] * 6, *[types.float32] * 4), codegen
