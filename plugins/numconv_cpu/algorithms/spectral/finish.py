"""The last word on results: those that see too little anew, what was taken out, the epilogue.

Results are looked at in pieces of rows. A piece is first counted: how many products its results
from their definition would take.
"""

from __future__ import annotations

from ...kernel.epilogue import store_row_with
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, integers, zero
from .definition import add_outliers, define
from .operand import whole
from .seen import least_to_see, line_of, products_of, seen_by_all, seen_by_any
from .vectors import doubles

# Results of so few products are computed from their definition: all of those may be tiny beside
# others, by chance.
FEW = 8
# Results side by side whose sums are looked up together, at the beginning of a row and at most.
FIRST, MOST = 8, 256


@kernel
def look(line, least, first, count, g):  # type: ignore[no-untyped-def]
    """Find out how many of the next `count` results of a row are alike: half of them, or a quarter.

    Those at either end of a run have the fewest products.

    Returns
    -------
    count, kind : int
        How many from `first` on, and whether they see enough (0), nothing (1) or too little (2).
    """
    stay_whole()
    while True:
        seen = seen_by_all(line, first, count, g)
        if seen >= least and seen > 0:
            last = first + count - 1
            if min(products_of(line, first, g), products_of(line, last, g)) >= FEW:
                return count, 0
        if count == 1:
            return 1, 1 if seen == 0 else 2
        if seen == 0 and seen_by_any(line, first, count, g) == 0:
            return count, 1
        count = count // 2


@kernel
def piece_of(piece, g):  # type: ignore[no-untyped-def]
    """Return the row of a piece of a plane, its first result and the one after its last."""
    row, part = piece // g.pieces_of_row, piece % g.pieces_of_row
    first = part * g.piece
    return (
        row // g.result_middle,
        row % g.result_middle,
        first,
        min(first + g.piece, g.result_inner),
    )


@kernel
def count_pieces(counts, task, sums, x, weight, g):  # type: ignore[no-untyped-def]
    """Count the results of some pieces that see nothing, and products of those that see little."""
    stay_whole()
    found = doubles(counts)
    least = least_to_see(x, weight, g)
    nothing, products = 0, 0.0
    for piece in range(task * g.pieces, min((task + 1) * g.pieces, g.all_pieces)):
        o, m, first, end = piece_of(piece, g)
        line, count = line_of(sums, o, m, g), FIRST
        while first < end:
            count, kind = look(line, least, first, min(count, end - first), g)
            if kind == 1:
                nothing += count
            elif kind == 2:
                products += products_of(line, first, g)
            first += count
            count = min(2 * count, MOST)
    found[0], found[1] = nothing, products


@kernel
def too_much(counts, g):  # type: ignore[no-untyped-def]
    """Return whether the results of a plane that see too little take too many products."""
    total = 0.0
    for task in range(g.count_tasks):
        total += doubles(at(counts, task * g.count))[1]
    return total > g.most_products


@kernel
def finish_pieces(  # type: ignore[no-untyped-def]
    out, residual, bias, counts, task, sums, x, weight, own, g
):
    """Finish the results of some pieces of a plane.

    Parameters
    ----------
    out, residual, bias : pointer
        To the plane's first result, its first residual and its bias.
    counts : pointer
        What `count_pieces` found in these pieces.
    x, weight : operand
        The samples and the taps.
    """
    stay_whole()
    found = doubles(counts)
    least = least_to_see(x, weight, g)
    outliers = integers(x.record)[0] + integers(weight.record)[0]
    for piece in range(task * g.pieces, min((task + 1) * g.pieces, g.all_pieces)):
        o, m, first, end = piece_of(piece, g)
        row = (o * g.result_middle + m) * g.result_inner
        if found[0] + found[1] > 0:
            mend(at(out, g.parts * row), sums, least, o, m, first, end, x, weight, own, g)
        results, count = at(out, g.parts * (row + first)), end - first
        if outliers:
            room, nothing = at(own, g.own_room), at(own, g.own_nothing)
            integers(nothing)[0] = 0
            place = (o, m, first, count)
            add_outliers(results, place, x, whole(weight, nothing), nothing, False, room, g)
            add_outliers(results, place, weight, x, nothing, True, room, g)
        if g.parts == 2:
            finish_complex(results, at(residual, 2 * (row + first)), bias, count, g)
        elif g.bias or g.residual or g.activation:
            shift = bias[0] if g.bias else zero(results)
            added = at(residual, row + first)
            store_row_with(results, results, count, 1, shift, added, g.residual != 0, g.activation)


@kernel
def mend(row, sums, least, o, m, first, end, x, weight, own, g):  # type: ignore[no-untyped-def]
    """Clear the results of a piece that see nothing, and compute anew those that see too little."""
    line, count = line_of(sums, o, m, g), FIRST
    while first < end:
        count, kind = look(line, least, first, min(count, end - first), g)
        results = at(row, g.parts * first)
        if kind == 1:
            clear(results, g.parts * count)
        elif kind == 2:
            while count < MOST and first + count < end:
                if look(line, least, first + count, 1, g)[1] != 2:
                    break
                count += 1
            define(results, o, m, first, count, x, weight, own, g)
        first += count
        count = min(2 * count, MOST)


@kernel
def finish_complex(results, residual, bias, count, g):  # type: ignore[no-untyped-def]
    """Add bias and residual to complex results."""
    for i in range(2 * count):
        if g.bias:
            results[i] += bias[i % 2]
        if g.residual:
            results[i] += residual[i]
