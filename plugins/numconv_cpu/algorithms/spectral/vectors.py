"""What transforms of whole problems do to vectors besides butterflies."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ...simd.tile import broadcast, store_vector, tile_type
from ..fourier.butterflies import Complex, load_complex, store_complex


@intrinsic
def doubles(typingctx, start):  # type: ignore[no-untyped-def]
    """Return a pointer into the workspace as one to float64."""
    return types.CPointer(types.float64)(start), _cast


def _cast(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return builder.bitcast(args[0], context.get_value_type(signature.return_type))


@intrinsic
def clear_vector(typingctx, geometry, target):  # type: ignore[no-untyped-def]
    """Write a vector of zeros."""
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zeros = ir.Constant(ir.VectorType(args[1].type.pointee, lanes), None)
        store_vector(builder, zeros, args[1], 0)
        return context.get_dummy_value()

    return types.void(geometry, target), generate


def _turning(conjugate: bool) -> Any:
    def multiply_twiddle(typingctx, geometry, place, imaginary, factor, scale):  # type: ignore[no-untyped-def]
        lanes = tile_type(geometry).lanes

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _, place, imaginary, factor, scale = args
            rotated = _times(builder, _factor(builder, factor, lanes, scale), conjugate)
            store_complex(
                builder,
                rotated(load_complex(builder, place, imaginary, lanes)),
                place,
                imaginary,
            )
            return context.get_dummy_value()

        return types.void(geometry, place, types.intp, factor, place.dtype), generate

    return intrinsic(multiply_twiddle)


multiply_twiddle = _turning(conjugate=False)
"""Multiply a complex vector by `scale` times the complex number at `factor`."""
multiply_conjugate_twiddle = _turning(conjugate=True)
"""Multiply it by `scale` times the conjugate of that number."""


def _turning_lanes(conjugate: bool) -> Any:
    def multiply_twiddle(typingctx, geometry, place, imaginary, factor, lane_factors):  # type: ignore[no-untyped-def]
        lanes = tile_type(geometry).lanes

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _, place, imaginary, factor, lane_factors = args
            apart = ir.Constant(imaginary.type, lanes)
            own = load_complex(builder, lane_factors, apart, lanes)
            rotated = _times(builder, _factor(builder, factor, lanes) * own, conjugate)
            store_complex(
                builder,
                rotated(load_complex(builder, place, imaginary, lanes)),
                place,
                imaginary,
            )
            return context.get_dummy_value()

        return types.void(geometry, place, types.intp, factor, lane_factors), generate

    return intrinsic(multiply_twiddle)


multiply_lane_twiddles = _turning_lanes(conjugate=False)
"""Multiply a complex vector by the number at `factor` and by those of each lane."""
multiply_conjugate_lane_twiddles = _turning_lanes(conjugate=True)
"""Multiply it by the conjugates of these."""


def _times(builder: Any, factor: Complex, conjugate: bool) -> Any:
    return lambda value: value.times_conjugate(factor) if conjugate else value * factor


def _factor(builder: Any, place: Any, lanes: int, scale: Any = None) -> Complex:
    """Load the complex number at `place` for all lanes."""
    parts = [builder.load(builder.gep(place, [ir.IntType(32)(i)])) for i in range(2)]
    if scale is not None:
        parts = [builder.fmul(part, scale) for part in parts]
    return Complex(builder, *(broadcast(builder, part, lanes) for part in parts))
