"""Square blocks of values transposed in registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .tile import INDEX, load_vector, store_vector, tile_type


@intrinsic
def transpose_lanes(typingctx, geometry, target, target_stride, source, source_stride):  # type: ignore[no-untyped-def]
    """Write ``target[j * target_stride + i] = source[i * source_stride + j]``, in registers.

    There are as many `i` and `j` as a vector of the tile has lanes.

    Returns
    -------
    bool
        Whether all values are finite.
    """
    size = tile_type(geometry).lanes
    return _signature(geometry, target, source), _generator(size)


def _signature(geometry: Any, target: Any, source: Any) -> Any:
    return types.boolean(geometry, target, types.intp, source, types.intp)


def _generator(size: int) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, target_stride, source, source_stride = args
        rows = []
        for i in range(size):
            step = builder.mul(source_stride, ir.Constant(source_stride.type, i))
            rows.append(load_vector(builder, builder.gep(source, [step]), 0, size))
        finite = _finite(builder, rows, size)
        half = size // 2
        while half:
            # Rows that differ in one bit of their number exchange the values whose lane does.
            mixed = list(rows)
            for i in range(size):
                if not i & half:
                    mixed[i], mixed[i + half] = _exchange(builder, rows[i], rows[i + half], half)
            rows, half = mixed, half // 2
        for j, row in enumerate(rows):
            step = builder.mul(target_stride, ir.Constant(target_stride.type, j))
            store_vector(builder, row, builder.gep(target, [step]), 0)
        return finite

    return generate


def _exchange(builder: Any, low: Any, high: Any, half: int) -> tuple[Any, Any]:
    size = low.type.count
    first = [lane if not lane & half else lane - half + size for lane in range(size)]
    second = [lane + half if not lane & half else lane + size for lane in range(size)]
    return tuple(
        builder.shuffle_vector(low, high, ir.Constant(ir.VectorType(INDEX, size), lanes))
        for lanes in (first, second)
    )


def _finite(builder: Any, rows: list[Any], size: int) -> Any:
    if isinstance(rows[0].type.element, ir.IntType):
        return ir.Constant(ir.IntType(1), 1)
    total = builder.fsub(rows[0], rows[0])
    for row in rows[1:]:
        total = builder.fadd(total, builder.fsub(row, row))
    bits = builder.fcmp_unordered("uno", total, total)
    mask = ir.IntType(size)
    return builder.icmp_unsigned("==", builder.bitcast(bits, mask), mask(0))
