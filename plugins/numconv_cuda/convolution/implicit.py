"""A convolution as a matrix product whose matrices are never made (an implicit GEMM).

Rows are result channels, columns are positions of results in all images, and both are summed over
reads: pairs of a given channel and a tap. A block of threads computes a tile of rows by columns,
`product` with the arithmetic of each thread, `tensor` with tensor cores. Here is what both need:
where a column lies, which samples it reads, how a result is stored.

Sums run over the reads in their order, so neither tile nor place of a result changes its bits.

A sample outside of the given array counts as zero in both, and `tensor` cuts operands in two. So a
sum that is not a finite number need not be the right one: it is computed once more, by the
definition, before it is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cuda, int32, int64, uint32

from ..epilogue import storing as finishing
from ..part import part
from ..ptx import anew, load4
from . import numbers as n


@part
def tile_of(g, parts, rows, columns):  # type: ignore[no-untyped-def]
    """Return of a block: its part, group, first row and first column, and its last column.

    Columns are counted from its first; a block beyond the last position has -1.
    """
    group, p = cuda.blockIdx.z % g[n.GROUPS], cuda.blockIdx.z // g[n.GROUPS] * n.PART_NUMBERS
    of_image = int64(parts[p + n.COUNT_Z]) * parts[p + n.COUNT_Y] * parts[p + n.COUNT_X]
    first = int64(cuda.blockIdx.x) * columns
    left = max(min(g[n.BATCH] * of_image - first, columns), 0)
    return p, group, cuda.blockIdx.y * rows, first, int32(left - 1)


@part
def divided(number, by):  # type: ignore[no-untyped-def]
    """Return quotient and remainder of numbers that are not negative and fit 31 bits."""
    quotient = int32(uint32(number) // uint32(by))
    return quotient, int32(number - quotient * by)


@part
def column_of(parts, p, first, further):  # type: ignore[no-untyped-def]
    """Return image, z, y, x of a position of part `p`, `further` than the `first` of its block."""
    count_z, count_y, count_x = parts[p + n.COUNT_Z], parts[p + n.COUNT_Y], parts[p + n.COUNT_X]
    of_image = int32(count_z * count_y * count_x)
    image = first // of_image
    more, rest = divided(int32(first - image * of_image) + further, of_image)
    rest, x = divided(rest, count_x)
    z, y = divided(rest, count_y)
    return image + more, z, y, x


@part
def corner_of(g, parts, p, column):  # type: ignore[no-untyped-def]
    """Return z, y, x of the sample from which the reads of a column are counted."""
    _, z, y, x = column
    return (
        int32(z * g[n.IN_STEP_Z] + parts[p + n.BASE_Z]),
        int32(y * g[n.IN_STEP_Y] + parts[p + n.BASE_Y]),
        int32(x * g[n.IN_STEP_X] + parts[p + n.BASE_X]),
    )


@part
def sample_at(g, group, image, corner):  # type: ignore[no-untyped-def]
    """Return where the sample of a corner stands in the first given channel of a group."""
    z, y, x = corner
    given = g[n.GIVEN_CHANNELS] // g[n.GROUPS]
    planes = (image * g[n.GIVEN_CHANNELS] + group * given) * g[n.GIVEN_Z]
    return ((planes + z) * g[n.GIVEN_Y] + y) * g[n.GIVEN_X] + x


@part
def is_there(g, corner, step):  # type: ignore[no-untyped-def]
    """Return whether the given array has the sample of a read."""
    z, y, x = corner
    # Without a sign, what is before the first is beyond the last.
    within_z = uint32(z + step[n.STEP_Z]) < uint32(g[n.GIVEN_Z])
    within_y = uint32(y + step[n.STEP_Y]) < uint32(g[n.GIVEN_Y])
    return within_z & within_y & (uint32(x + step[n.STEP_X]) < uint32(g[n.GIVEN_X]))


@part
def ends_of(g, parts, p, group, column):  # type: ignore[no-untyped-def]
    """Return what places of results in a column are made of, all divisions done.

    The first channel of the group, how many a shuffled group has, where the column is stored in
    the first channel, and the samples from one channel to the next. The compiler shall not take
    the last two apart again.
    """
    first_channel = int32(group * (g[n.RESULT_CHANNELS] // g[n.GROUPS]))
    shuffled = int32(g[n.RESULT_CHANNELS] // g[n.SHUFFLE])
    plane = int64(g[n.RESULT_Z]) * g[n.RESULT_Y] * g[n.RESULT_X]
    return first_channel, shuffled, anew(result_at(g, parts, p, column)), int32(anew(plane))


@part
def result_at(g, parts, p, column):  # type: ignore[no-untyped-def]
    """Return where the result of a column in the first channel is stored."""
    image, z, y, x = column
    plane = (
        image * g[n.RESULT_CHANNELS] * g[n.RESULT_Z] + z * g[n.OUT_STEP_Z] + parts[p + n.START_Z]
    )
    line = plane * g[n.RESULT_Y] + y * g[n.OUT_STEP_Y] + parts[p + n.START_Y]
    return line * g[n.RESULT_X] + x * g[n.OUT_STEP_X] + parts[p + n.START_X]


@part
def weight_at(g, source, row, results):  # type: ignore[no-untyped-def]
    """Return where the weight of a row stands, from `source`, that of the first.

    Rows beyond the last are computed from its weights, and not stored.
    """
    return int32(source + min(int32(row), int32(results - 1)) * g[n.WEIGHT_ROW])


def storing(activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Return the function that stores a sum, with the epilogue of `activation_name`."""
    finish = finishing(activation_name, wide)

    def store(given, out, g, p, group, row, column, ends, value):  # type: ignore[no-untyped-def]
        x, weight, bias, residual, reads, sources, parts = given
        first_channel, shuffled, first, plane = ends
        if value - value != 0:
            corner = corner_of(g, parts, p, column)
            base = sample_at(g, group, column[0], corner)
            row_at = group * g[n.WEIGHT_GROUP] + row * g[n.WEIGHT_ROW]
            first_read = parts[p + n.AT_READS]
            value = wide(0)
            for read in range(first_read, first_read + parts[p + n.PART_READS]):
                step = load4(reads, 4 * read)
                there = is_there(g, corner, step)
                if there or g[n.ZEROS_COUNT]:
                    sample = wide(x[base + step[n.OFFSET]]) if there else wide(0)
                    value += wide(weight[row_at + sources[read]]) * sample
        channel = int32(first_channel + row)
        stored = channel
        if g[n.SHUFFLE] > 1:
            # `epilogue.destination`, in fewer instructions.
            quotient, rest = divided(channel, shuffled)
            stored = int32(rest * g[n.SHUFFLE] + quotient)
        place = first + stored * plane
        finish(value, channel, place, g[n.HAS_BIAS], g[n.HAS_RESIDUAL], bias, residual, out)

    return part(store)
