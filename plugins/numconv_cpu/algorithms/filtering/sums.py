"""What is summed in a band: products in the order of the taps, pairs, or windows.

``x[i + offsets[k]]`` is what tap k of result i reads. A row of vectors of sums stays in registers
for all taps; results are as many as there are whole rows, so the last of them may lie behind those
that were asked for.
"""

from __future__ import annotations

from numconv.core.problems.filter import NEGLIGIBLE

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at
from ...simd.separate import add_difference, add_product, add_sum, divided, plus, product
from ...simd.tile import load, store, zeros


@kernel(fused=False)
def sum_products(g, x, weight, offsets, sums, count):  # type: ignore[no-untyped-def]
    """Sum in the order of the taps, from zero on, without those that are none."""
    stay_whole()
    for i in range(0, count, g.span):
        tile = zeros(g)
        for k in range(g.taps):
            if abs(weight[k]) > NEGLIGIBLE:
                tile = add_product(tile, weight[k], at(x, i + offsets[k]))
        store(tile, at(sums, i), 0)


@kernel(fused=False)
def sum_pairs(g, x, weight, offsets, sign, sums, count):  # type: ignore[no-untyped-def]
    """Sum along one axis; `sign` is what `even_or_odd` says of the weights."""
    last = g.taps - 1
    half = g.taps // 2
    begin = half if sign != 0 else last
    for i in range(0, count, g.span):
        tile = product(g, weight[begin], at(x, i + offsets[begin]))
        if sign > 0:
            for k in range(half):
                other = at(x, i + offsets[last - k])
                tile = add_sum(tile, weight[k], at(x, i + offsets[k]), other)
        elif sign < 0:
            for k in range(half):
                other = at(x, i + offsets[last - k])
                tile = add_difference(tile, weight[k], at(x, i + offsets[k]), other)
        else:
            for k in range(last):
                tile = add_product(tile, weight[k], at(x, i + offsets[k]))
        store(tile, at(sums, i), 0)


@kernel(fused=False)
def even_or_odd(weight, taps):  # type: ignore[no-untyped-def]
    """Return 1 for weights that are symmetric, else -1 for antisymmetric ones, else 0."""
    even = odd = taps % 2 == 1
    for k in range(taps // 2):
        even = even and not abs(weight[k] - weight[taps - 1 - k]) > NEGLIGIBLE
        odd = odd and not abs(weight[k] + weight[taps - 1 - k]) > NEGLIGIBLE
    return 1 if even else -1 if odd else 0


@kernel(fused=False)
def sum_few(g, x, step, sums, count):  # type: ignore[no-untyped-def]
    """Take the mean of ``g.taps`` values that are `step` apart, one after the other."""
    for i in range(0, count, g.span):
        tile = load(zeros(g), at(x, i), 0)
        for k in range(1, g.taps):
            tile = plus(tile, at(x, i + k * step))
        store(divided(tile, float(g.taps)), at(sums, i), 0)


@kernel(fused=False)
def sum_many(g, x, step, sums, count):  # type: ignore[no-untyped-def]
    """Take the mean of ``g.taps`` values that are `step` apart, writing over `x`.

    The sums of 1, 2, 4, ... values are made of each other, and those that the number is made of
    are added: twice its logarithm of additions at most, and no value ever meets another window's.
    """
    taken, width = 0, 1
    while taken < g.taps:
        if g.taps & width:
            for i in range(0, count, g.span):
                tile = load(zeros(g), at(x, i + taken * step), 0)
                if taken > 0:
                    tile = plus(tile, at(sums, i))
                if taken + width == g.taps:
                    tile = divided(tile, float(g.taps))
                store(tile, at(sums, i), 0)
            taken += width
        if taken < g.taps:
            for i in range(0, count + (g.taps - 2 * width) * step, g.span):
                tile = load(zeros(g), at(x, i), 0)
                store(plus(tile, at(x, i + width * step)), at(x, i), 0)
            width *= 2
