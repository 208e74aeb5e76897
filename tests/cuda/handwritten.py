"""PTX written by hand around a few lines, for tests of the interpreter, and exact roundings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

import resources
from interpreter import Module, Report

Array = np.ndarray[Any, Any]
_WIDTHS = {1: "b16", 2: "b16", 4: "b32", 8: "b64"}
_PARAMETERS = "abcdefgh"


def kernel_text(
    lines: str, parameters: Sequence[str] = (), *, declarations: str = "", before: str = ""
) -> str:
    """Return a module with one kernel, `test`, of parameters `.param .TYPE NAME`."""
    listed = ", ".join(f".param .{kind} {name}" for kind, name in map(str.split, parameters))
    return f"""
.version 8.0
.target sm_80
.address_size 64
{before}
.visible .entry test({listed})
{{
    .reg .pred %p<8>;
    .reg .b16 %h<16>;
    .reg .b32 %r<32>;
    .reg .f32 %f<32>;
    .reg .b64 %rd<32>;
    .reg .f64 %fd<8>;
    {declarations}
    mov.u32 %r0, %tid.x;
    {lines}
    ret;
}}
"""


def elementwise(lines: str, dtype: Any, *inputs: Any, types: str = "", out: str = "") -> Array:
    """Return what `lines` make of registers %a, %b, ... in %out, one thread for each element.

    Registers are untyped bits; inputs are broadcast against each other.
    """
    arrays = [np.ascontiguousarray(each) for each in np.broadcast_arrays(*inputs)]
    count = arrays[0].size
    result = np.zeros(count, dtype)
    declared, loads, names = [types], [], []
    for name, array in zip(_PARAMETERS, arrays, strict=False):
        width, size = _WIDTHS[array.itemsize], array.itemsize
        declared.append(f".reg .{width} %{name};")
        loads.append(
            f"ld.param.u64 %rd1, [{name}];\n    mad.wide.u32 %rd2, %r0, {size}, %rd1;\n"
            f"    ld.global.b{8 * size} %{name}, [%rd2];"
        )
        names.append(f"u64 {name}")
    size = result.itemsize
    declared.append(f".reg .{out or _WIDTHS[size]} %out;")
    store = (
        f"ld.param.u64 %rd1, [result];\n    mad.wide.u32 %rd2, %r0, {size}, %rd1;\n"
        f"    st.global.b{8 * size} [%rd2], %out;"
    )
    body = "\n    ".join([*loads, lines, store])
    text = kernel_text(body, [*names, "u64 result"], declarations="\n    ".join(declared))
    run(text, [*arrays, result], threads=count)
    return result


def run(text: str, args: Sequence[Any], *, threads: Any, grid: Any = 1, shared: int = 0) -> Report:
    """Run a kernel; with NUMCONV_PTXAS=1 see first that NVIDIA's assembler takes it for PTX."""
    if os.environ.get("NUMCONV_PTXAS") == "1":
        newer = text.replace(".version 8.0", ".version 9.0").replace("sm_80", "sm_100a")
        resources.assemble(newer, "sm_100a")
    return Module(text).kernel("test").run(grid, threads, args, shared)


def rounded(value: Fraction, dtype: Any, mode: str = "rn") -> Any:
    """Return the value of a NumPy float type that is nearest to `value`, found by comparing."""
    kind = np.dtype(dtype).type
    with np.errstate(over="ignore"):
        near = kind(float(value))
        around = [np.nextafter(near, kind(-np.inf)), near, np.nextafter(near, kind(np.inf))]
    finite = [each for each in around if np.isfinite(each)]
    if mode == "rz":
        mode = "rm" if value > 0 else "rp"
    if mode == "rm":
        return max(each for each in finite if Fraction(float(each)) <= value)
    if mode == "rp":
        return min(each for each in finite if Fraction(float(each)) >= value)
    unsigned = {2: np.uint16, 4: np.uint32, 8: np.uint64}[np.dtype(dtype).itemsize]

    def key(each: Any) -> tuple[Fraction, int]:
        return abs(Fraction(float(each)) - value), int(np.asarray(each).view(unsigned)) & 1

    return min(finite, key=key)


def floats(dtype: Any, count: int, seed: int = 0, span: int = 6) -> Array:
    """Return finite values of both signs over `span` powers of two, zeros and ones among them."""
    generator = np.random.default_rng(seed)
    values = generator.standard_normal(count) * 2.0 ** generator.integers(-span, span, count)
    values[:3] = 0, 1, -1
    return values.astype(dtype)


def bits(dtype: Any, count: int, seed: int = 0) -> Array:
    """Return arbitrary bits, the extreme ones among them."""
    generator = np.random.default_rng(seed)
    limits = np.iinfo(dtype)
    values = generator.integers(limits.min, limits.max, count, dtype, endpoint=True)
    values[:5] = limits.min, limits.max, 0, 1, limits.max // 3
    return values
