"""The last stage: recompute what the transform cannot make accurate, add outliers, epilogue.

The rounding errors of a transform are in proportion to all the samples and taps there are. A result
whose own samples are tiny beside those of others may drown in them. So each result is classified
by the sum of absolute samples in its window, the samples that it is a sum of (see `summed_area`):
the sum is large enough, zero, or too small. Results with a sum of zero are set to zero; those whose
sum is too small are recomputed as direct sums. How many products that takes is counted before, in
pieces of rows (`count_pieces`): of too many, another algorithm computes the image.
"""

from __future__ import annotations

from ...kernel.epilogue import store_row_with
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, integers, zero
from .direct_sums import add_outliers, sum_directly
from .operand import with_record
from .summed_area import joint_sum, least_window_sum, lookup_of, products_of, shared_sum
from .vectors import doubles

# Results of fewer products are always recomputed: all their samples may be tiny beside others, by
# chance.
FEW_PRODUCTS = 8
# Neighbouring results that are classified together: at the beginning of a row, and at most.
FIRST_RUN, LONGEST_RUN = 8, 256
# What the sums say of results: they are accurate, exactly zero, or must be recomputed.
ACCURATE, ZERO, INACCURATE = 0, 1, 2


@kernel
def classify_run(line, least, first, count, g):  # type: ignore[no-untyped-def]
    """Classify results of a row from `first` on: `count` of them, a half, a quarter, or just one.

    The sum over the samples that all of them share is a lower bound for each; the sum over those
    that any of them has is an upper bound. The results at either end of a run have the fewest
    products.

    Returns
    -------
    count, kind : int
        How many results from `first` on are of one kind: `ACCURATE`, `ZERO` or `INACCURATE`.
    """
    stay_whole()
    while True:
        shared = shared_sum(line, first, count, g)
        if shared >= least and shared > 0:
            last = first + count - 1
            if min(products_of(line, first, g), products_of(line, last, g)) >= FEW_PRODUCTS:
                return count, ACCURATE
        if count == 1:
            return 1, ZERO if shared == 0 else INACCURATE
        if shared == 0 and joint_sum(line, first, count, g) == 0:
            return count, ZERO
        count = count // 2


@kernel
def piece_of(piece, g):  # type: ignore[no-untyped-def]
    """Return layer and row of a piece of a plane, its first result and the one after its last."""
    row, part = piece // g.pieces_of_row, piece % g.pieces_of_row
    first = part * g.piece
    return (
        row // g.result_size_middle,
        row % g.result_size_middle,
        first,
        min(first + g.piece, g.result_size_inner),
    )


@kernel
def count_pieces(counts, task, sums, x, weight, g):  # type: ignore[no-untyped-def]
    """Count the `ZERO` results of some pieces, and the products of the `INACCURATE` ones."""
    stay_whole()
    counted = doubles(counts)
    least = least_window_sum(x, weight, g)
    zeros, products = 0, 0.0
    for piece in range(task * g.pieces, min((task + 1) * g.pieces, g.all_pieces)):
        o, m, first, end = piece_of(piece, g)
        line, count = lookup_of(sums, o, m, g), FIRST_RUN
        while first < end:
            count, kind = classify_run(line, least, first, min(count, end - first), g)
            if kind == ZERO:
                zeros += count
            elif kind == INACCURATE:
                products += products_of(line, first, g)
            first += count
            count = min(2 * count, LONGEST_RUN)
    counted[0], counted[1] = zeros, products


@kernel
def too_many_products(counts, g):  # type: ignore[no-untyped-def]
    """Return whether to recompute the results of a plane takes too many products."""
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
    counted = doubles(counts)
    least = least_window_sum(x, weight, g)
    outliers = integers(x.record)[0] + integers(weight.record)[0]
    for piece in range(task * g.pieces, min((task + 1) * g.pieces, g.all_pieces)):
        o, m, first, end = piece_of(piece, g)
        row = (o * g.result_size_middle + m) * g.result_size_inner
        if counted[0] + counted[1] > 0:
            recompute(at(out, g.parts * row), sums, least, o, m, first, end, x, weight, own, g)
        results, count = at(out, g.parts * (row + first)), end - first
        if outliers:
            room, no_outliers = at(own, g.own_room), at(own, g.own_no_outliers)
            integers(no_outliers)[0] = 0
            place = (o, m, first, count)
            add_outliers(
                results, place, x, with_record(weight, no_outliers), no_outliers, False, room, g
            )
            add_outliers(results, place, weight, x, no_outliers, True, room, g)
        if g.parts == 2:
            finish_complex(results, at(residual, 2 * (row + first)), bias, count, g)
        elif g.bias or g.residual or g.activation:
            shift = bias[0] if g.bias else zero(results)
            added = at(residual, row + first)
            store_row_with(results, results, count, 1, shift, added, g.residual != 0, g.activation)


@kernel
def recompute(row, sums, least, o, m, first, end, x, weight, own, g):  # type: ignore[no-untyped-def]
    """Clear the results of a piece that are `ZERO`, and recompute those that are `INACCURATE`."""
    line, count = lookup_of(sums, o, m, g), FIRST_RUN
    while first < end:
        count, kind = classify_run(line, least, first, min(count, end - first), g)
        results = at(row, g.parts * first)
        if kind == ZERO:
            clear(results, g.parts * count)
        elif kind == INACCURATE:
            while count < LONGEST_RUN and first + count < end:
                if classify_run(line, least, first + count, 1, g)[1] != INACCURATE:
                    break
                count += 1
            sum_directly(results, o, m, first, count, x, weight, own, g)
        first += count
        count = min(2 * count, LONGEST_RUN)


@kernel
def finish_complex(results, residual, bias, count, g):  # type: ignore[no-untyped-def]
    """Add bias and residual to complex results."""
    for i in range(2 * count):
        if g.bias:
            results[i] += bias[i % 2]
        if g.residual:
            results[i] += residual[i]
