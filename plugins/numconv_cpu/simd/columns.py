"""A register tile one vector wide: neighbouring rows of one channel's results.

Rows of results that lie below each other read rows of samples that overlap. So a column of taps is
summed at once: every vector of samples is loaded once and multiplied by all the weights that meet
it, in up to as many rows as there are taps. A tile of eight rows and three taps loads ten vectors
for 24 products; without that, the loads would take longer than the arithmetic.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .masked import load_masked, store_masked
from .tile import (
    INDEX,
    Tile,
    add,
    broadcast,
    load_vector,
    multiply_add,
    store_vector,
    tile_type,
)


def _zeros(divisor: int) -> Any:
    @intrinsic
    def zeros(typingctx, geometry):  # type: ignore[no-untyped-def]
        whole = tile_type(geometry)
        tile = Tile(whole.dtype, max(whole.rows // divisor, 1), 1, whole.lanes)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return ir.Constant(context.get_value_type(tile), None)

        return tile(geometry), generate

    return zeros


# Tiles of zeros: of as many rows as the geometry asks for, of half of them, and of one.
tall_zeros, short_zeros, single_zeros = _zeros(1), _zeros(2), _zeros(1 << 30)


def _add_taps(taps: int) -> Any:
    @intrinsic
    def add_taps(typingctx, tile, weights, weight_step, x, step):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            result, weights, weight_step, x, step = args
            factors = []
            for _ in range(taps):
                factors.append(broadcast(builder, builder.load(weights), tile.lanes))
                weights = builder.gep(weights, [weight_step])
            for line in range(tile.rows + taps - 1):
                values = load_vector(builder, x, 0, tile.lanes)
                x = builder.gep(x, [step])
                for tap in range(taps):
                    row = line - tap
                    if 0 <= row < tile.rows:
                        total = builder.extract_value(result, row)
                        total = multiply_add(builder, factors[tap], values, total)
                        result = builder.insert_value(result, total, row)
            return result

        return tile(tile, weights, types.intp, x, types.intp), generate

    return add_taps


# Return ``tile[row] + sum over t of weights[t * weight_step] * x[(row + t) * step + lane]``, for
# so many taps.
add_1, add_2, add_3, add_4, add_5 = (_add_taps(taps) for taps in (1, 2, 3, 4, 5))
MOST_TAPS = 5


@intrinsic
def add_value(typingctx, tile, value):  # type: ignore[no-untyped-def]
    """Return ``tile + value``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = broadcast(builder, args[1], tile.lanes)
        return _each(builder, args[0], tile.rows, lambda vector: add(builder, vector, values))

    return tile(tile, value), generate


@intrinsic
def add_tiles(typingctx, tile, other):  # type: ignore[no-untyped-def]
    """Return ``tile + other``, row by row."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = args[0]
        for row in range(tile.rows):
            values = (builder.extract_value(each, row) for each in args)
            result = builder.insert_value(result, add(builder, *values), row)
        return result

    return tile(tile, tile), generate


@intrinsic
def rectify(typingctx, tile):  # type: ignore[no-untyped-def]
    """Return the tile with zeros in place of what is negative. A NaN stays."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def positive(vector: Any) -> Any:
            zero = ir.Constant(vector.type, None)
            if isinstance(vector.type.element, ir.IntType):
                negative = builder.icmp_signed("<", vector, zero)
            else:
                negative = builder.fcmp_ordered("<", vector, zero)
            return builder.select(negative, zero, vector)

        return _each(builder, args[0], tile.rows * tile.vectors, positive)

    return tile(tile), generate


def _each(builder: Any, tile: Any, vectors: int, function: Any) -> Any:
    for index in range(vectors):
        value = function(builder.extract_value(tile, index))
        tile = builder.insert_value(tile, value, index)
    return tile


@intrinsic
def store_rows(typingctx, tile, target, step, rows):  # type: ignore[no-untyped-def]
    """Write the first `rows` rows of `tile` to ``target + row * step``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def put(vector: Any, start: Any) -> None:
            store_vector(builder, vector, start, 0)

        _some_rows(builder, tile, args, put)
        return context.get_dummy_value()

    return types.void(tile, target, types.intp, types.intp), generate


@intrinsic
def store_starts(typingctx, tile, target, step, rows, count):  # type: ignore[no-untyped-def]
    """Do as `store_rows`, of each row the first `count` values only."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mask = _mask(builder, args[4], tile.lanes)

        def put(vector: Any, start: Any) -> None:
            store_masked(builder, vector, start, mask)

        _some_rows(builder, tile, args, put)
        return context.get_dummy_value()

    return types.void(tile, target, types.intp, types.intp, types.intp), generate


def _some_rows(builder: Any, tile: Tile, args: Any, put: Any) -> None:
    values, target, step, rows = args[:4]
    end = builder.append_basic_block("rows.end")
    for row in range(tile.rows):
        put(builder.extract_value(values, row), target)
        target = builder.gep(target, [step])
        if row + 1 < tile.rows:
            more = builder.append_basic_block("rows.more")
            builder.cbranch(builder.icmp_signed(">", rows, rows.type(row + 1)), more, end)
            builder.position_at_end(more)
    builder.branch(end)
    builder.position_at_end(end)


@intrinsic
def load_between(typingctx, tile, source, first, last):  # type: ignore[no-untyped-def]
    """Return a tile of one row: lanes `first` to `last` from ``source + lane``, elsewhere zeros.

    Nothing else is read, so `source` itself may be outside of the array.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, first, last = args
        values = _load_between(builder, source, first, last, tile.lanes)
        return builder.insert_value(args[0], values, 0)

    return tile(tile, source, types.intp, types.intp), generate


@intrinsic
def load_even(typingctx, tile, source):  # type: ignore[no-untyped-def]
    """Return a tile of one row, read at ``source + 2 * lane``, and one value further."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        near, far = (
            load_vector(builder, args[1], half * tile.lanes, tile.lanes) for half in range(2)
        )
        return builder.insert_value(args[0], _even(builder, near, far, tile.lanes), 0)

    return tile(tile, source), generate


@intrinsic
def load_even_between(typingctx, tile, source, first, last):  # type: ignore[no-untyped-def]
    """Do as `load_between`, read at ``source + 2 * lane``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, first, last = args
        first, last = builder.add(first, first), builder.add(last, last)
        last = builder.sub(last, last.type(1))
        halves = []
        for half in range(2):
            past = first.type(half * tile.lanes)
            start = builder.gep(source, [past])
            bounds = (builder.sub(first, past), builder.sub(last, past))
            halves.append(_load_between(builder, start, *bounds, tile.lanes))
        return builder.insert_value(args[0], _even(builder, *halves, tile.lanes), 0)

    return tile(tile, source, types.intp, types.intp), generate


@intrinsic
def load_third_between(typingctx, tile, source, first, last):  # type: ignore[no-untyped-def]
    """Do as `load_between`, read at ``source + 3 * lane``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, source, first, last = args
        first, last = (builder.mul(each, each.type(3)) for each in (first, last))
        last = builder.sub(last, last.type(2))
        lanes, thirds = tile.lanes, []
        for third in range(3):
            past = first.type(third * lanes)
            start = builder.gep(source, [past])
            bounds = (builder.sub(first, past), builder.sub(last, past))
            thirds.append(_load_between(builder, start, *bounds, lanes))
        near, middle, far = thirds
        kind = ir.VectorType(INDEX, lanes)
        places = [3 * lane for lane in range(lanes)]
        begun = [place if place < 2 * lanes else 0 for place in places]
        ends = [lane if 3 * lane < 2 * lanes else 3 * lane - lanes for lane in range(lanes)]
        values = builder.shuffle_vector(near, middle, ir.Constant(kind, begun))
        values = builder.shuffle_vector(values, far, ir.Constant(kind, ends))
        return builder.insert_value(args[0], values, 0)

    return tile(tile, source, types.intp, types.intp), generate


def _even(builder: Any, near: Any, far: Any, lanes: int) -> Any:
    places = ir.Constant(ir.VectorType(INDEX, lanes), [2 * lane for lane in range(lanes)])
    return builder.shuffle_vector(near, far, places)


def _mask(builder: Any, count: Any, lanes: int) -> Any:
    """Emit a mask of the first `count` lanes; none if that is negative."""
    count = builder.trunc(count, INDEX)
    lane = ir.Constant(ir.VectorType(INDEX, lanes), list(range(lanes)))
    return builder.icmp_signed("<", lane, broadcast(builder, count, lanes))


def _load_between(builder: Any, start: Any, first: Any, last: Any, lanes: int) -> Any:
    before, inside = (_mask(builder, count, lanes) for count in (first, last))
    mask = builder.and_(inside, builder.not_(before))
    return load_masked(builder, start, mask)
