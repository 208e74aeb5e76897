"""Tiles of neighbouring positions written to rows that have no gaps between them.

Positions run on from one row to the next, what is between the rows included. A vector of them that
lies within a row is stored whole; another one piece by piece, under a mask for each row that it has
a part of.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .masked import store_masked
from .tile import INDEX, broadcast, row_start, store_vector

WORD = ir.IntType(64)


@intrinsic
def store_compact(typingctx, tile, target, stride, first, end, pitch, width):  # type: ignore[no-untyped-def]
    """Write each row of `tile`, positions `first` and on, to the plane ``target + row * stride``.

    Position ``y * pitch + x`` goes to ``y * width + x`` if x is below `width`, and nowhere if not.
    Neither do positions from `end` on.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values, target, stride, first, end, pitch, width = args
        for column in range(tile.vectors):
            vectors = [
                builder.extract_value(values, row * tile.vectors + column)
                for row in range(tile.rows)
            ]
            position = builder.add(first, WORD(column * tile.lanes))
            y = builder.udiv(position, pitch)
            x = builder.sub(position, builder.mul(y, pitch))
            place = builder.gep(target, [builder.add(builder.mul(y, width), x)])
            row_left, left = builder.sub(width, x), builder.sub(end, position)
            least = _lesser(builder, row_left, left)
            within = builder.icmp_signed(">=", least, WORD(tile.lanes))
            with builder.if_else(within, likely=True) as (whole, pieces):
                with whole:
                    for row, vector in enumerate(vectors):
                        store_vector(builder, vector, row_start(builder, place, stride, row), 0)
                with pieces:
                    row = builder.neg(x)
                    _store_pieces(builder, vectors, place, stride, row, left, pitch, width)
        return context.get_dummy_value()

    return types.void(tile, target, *(types.intp,) * 5), generate


def _store_pieces(
    builder: Any,
    vectors: list[Any],
    place: Any,
    stride: Any,
    row: Any,
    left: Any,
    pitch: Any,
    width: Any,
) -> None:
    """Emit a loop over the rows that vectors have a part of, the first of which begins at `row`.

    Rows begin at some lane; that of the first one is not positive. `place` is where lane 0 would
    be stored if it were in that row.
    """
    end = _lesser(builder, left, WORD(vectors[0].type.count))
    entry = builder.block
    loop, after = (builder.append_basic_block(name) for name in ("piece", "pieces.end"))
    builder.branch(loop)
    builder.position_at_end(loop)
    begin, target = builder.phi(WORD), builder.phi(place.type)
    stop = _lesser(builder, builder.add(begin, width), end)
    mask = _lanes_between(builder, vectors[0].type.count, begin, stop)
    for index, vector in enumerate(vectors):
        store_masked(builder, vector, row_start(builder, target, stride, index), mask)
    following = builder.add(begin, pitch)
    following_target = builder.gep(target, [builder.sub(width, pitch)])
    for phi, initial, value in ((begin, row, following), (target, place, following_target)):
        phi.add_incoming(initial, entry)
        phi.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", following, end), loop, after)
    builder.position_at_end(after)


def _lesser(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.icmp_signed("<", a, b), a, b)


def _lanes_between(builder: Any, lanes: int, first: Any, end: Any) -> Any:
    """Emit the mask of the lanes from `first` to `end`, which may lie beyond them."""
    numbers = ir.Constant(ir.VectorType(INDEX, lanes), list(range(lanes)))
    low, high = (broadcast(builder, builder.trunc(each, INDEX), lanes) for each in (first, end))
    return builder.and_(
        builder.icmp_signed(">=", numbers, low), builder.icmp_signed("<", numbers, high)
    )
