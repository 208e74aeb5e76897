"""Products and sums of a register tile that are rounded one by one, as plain C rounds them.

What calls these must be compiled with ``fused=False``: else the compiler may fuse them after all.
"""

from __future__ import annotations

from typing import Any

from numba.extending import intrinsic

from .tile import Tile, broadcast, load_vector, tile_type


@intrinsic
def product(typingctx, geometry, weight, x):  # type: ignore[no-untyped-def]
    """Return ``weight * x[lane]``, a tile of the shape that the geometry's type gives."""
    tile = tile_type(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        factor = broadcast(builder, args[1], tile.lanes)

        def multiplied(values: Any, _: Any) -> Any:
            return builder.fmul(factor, values)

        return _loaded(context, builder, tile, args[2], multiplied)

    return tile(geometry, weight, x), generate


@intrinsic
def add_product(typingctx, tile, weight, x):  # type: ignore[no-untyped-def]
    """Return ``tile + weight * x[lane]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        factor = broadcast(builder, args[1], tile.lanes)

        def added(values: Any, index: int) -> Any:
            total = builder.extract_value(args[0], index)
            return builder.fadd(total, builder.fmul(factor, values))

        return _loaded(context, builder, tile, args[2], added)

    return tile(tile, weight, x), generate


def _add_pair(name: str) -> Any:
    @intrinsic
    def add_pair(typingctx, tile, weight, x, other):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            factor = broadcast(builder, args[1], tile.lanes)

            def added(values: Any, index: int) -> Any:
                others = load_vector(builder, args[3], index * tile.lanes, tile.lanes)
                both = getattr(builder, name)(values, others)
                total = builder.extract_value(args[0], index)
                return builder.fadd(total, builder.fmul(both, factor))

            return _loaded(context, builder, tile, args[2], added)

        return tile(tile, weight, x, other), generate

    return add_pair


# Return ``tile + (x[lane] + other[lane]) * weight``, and with a difference in place of that sum.
add_sum, add_difference = _add_pair("fadd"), _add_pair("fsub")


@intrinsic
def plus(typingctx, tile, x):  # type: ignore[no-untyped-def]
    """Return ``tile + x[lane]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def added(values: Any, index: int) -> Any:
            return builder.fadd(builder.extract_value(args[0], index), values)

        return _loaded(context, builder, tile, args[1], added)

    return tile(tile, x), generate


@intrinsic
def divided(typingctx, tile, divisor):  # type: ignore[no-untyped-def]
    """Return ``tile / divisor``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        divisors, result = broadcast(builder, args[1], tile.lanes), args[0]
        for index in range(tile.rows * tile.vectors):
            value = builder.fdiv(builder.extract_value(args[0], index), divisors)
            result = builder.insert_value(result, value, index)
        return result

    return tile(tile, divisor), generate


def _loaded(context: Any, builder: Any, tile: Tile, x: Any, function: Any) -> Any:
    """Emit a tile of ``function(vector, index)`` of each vector of one row at `x`."""
    result = context.get_constant_undef(tile)
    for index in range(tile.vectors):
        values = load_vector(builder, x, index * tile.lanes, tile.lanes)
        result = builder.insert_value(result, function(values, index), index)
    return result
