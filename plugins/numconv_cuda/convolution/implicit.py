"""A convolution as a matrix product whose matrices are never made (an implicit GEMM).

Rows are result channels, columns are positions of results in all images, and both are summed over
reads: pairs of a given channel and a tap. A block of threads computes a tile of rows by columns,
`product` with the arithmetic of each thread, `tensor` with tensor cores. Here is what both need:
the numbers of a problem, where a column lies, how a result is stored.

Sums run over the reads in their order, so neither tile nor place of a result changes its bits.

A sample outside of the given array counts as zero in both, and `tensor` cuts operands in two. So a
sum that is not a finite number need not be the right one: it is computed once more, by the
definition, before it is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem
from numconv.core.tables import five_axes

from ..activate import activation
from ..part import part
from ..ptx import load4
from .lowering import Lowering

# Numbers of a problem.
(
    GROUPS,
    BATCH,
    GIVEN_CHANNELS,
    GIVEN_Z,
    GIVEN_Y,
    GIVEN_X,
    RESULT_CHANNELS,
    RESULT_Z,
    RESULT_Y,
    RESULT_X,
    IN_STEP_Z,
    IN_STEP_Y,
    IN_STEP_X,
    OUT_STEP_Z,
    OUT_STEP_Y,
    OUT_STEP_X,
    WEIGHT_GROUP,
    WEIGHT_ROW,
    HAS_BIAS,
    HAS_RESIDUAL,
    SHUFFLE,
    ZEROS_COUNT,
) = range(22)
NUMBERS = 22

# Of each of its parts.
(
    COUNT_Z,
    COUNT_Y,
    COUNT_X,
    START_Z,
    START_Y,
    START_X,
    BASE_Z,
    BASE_Y,
    BASE_X,
    PART_READS,
    AT_READS,
) = range(11)
PART_NUMBERS = 11

# Columns of the table of reads.
OFFSET, STEP_Z, STEP_Y, STEP_X = range(4)
# So many are gathered at once, or a part of that.
READS = 16
LARGEST = 2**31 - 1
# Places of a padded axis that there may be, and a step from any of them to where no sample is.
MOST_PLACES, BEYOND = 2**29, 2**30


def numbers(problem: ConvolutionProblem, lowering: Lowering) -> tuple[np.int32, ...]:
    """Return the numbers of a problem."""
    epilogue = problem.epilogue
    given, result = five_axes(problem.operand_shapes[0]), five_axes(problem.result_shape)
    g = np.zeros(NUMBERS, np.int32)
    g[GROUPS], g[BATCH] = problem.groups, problem.batch
    g[GIVEN_CHANNELS : GIVEN_X + 1] = given[1:]
    g[RESULT_CHANNELS : RESULT_X + 1] = result[1:]
    g[IN_STEP_Z : IN_STEP_X + 1] = lowering.in_steps
    g[OUT_STEP_Z : OUT_STEP_X + 1] = lowering.out_steps
    g[WEIGHT_GROUP], g[WEIGHT_ROW] = lowering.group_stride, lowering.row_stride
    g[HAS_BIAS], g[HAS_RESIDUAL] = epilogue.bias, epilogue.residual
    g[SHUFFLE] = epilogue.shuffle
    # Padding is zeros that are multiplied; beyond the given gradient there is nothing.
    g[ZEROS_COUNT] = problem.direction == "forward"
    return tuple(g)


def tables(lowering: Lowering) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return the reads of all parts, where their weights stand, and the numbers of the parts.

    The reads of each part are filled up to a multiple of `READS`, with such as no array has: they
    are zeros times some weight.
    """
    numbers = np.zeros((len(lowering.parts), PART_NUMBERS), np.int32)
    reads, sources, at = [], [], 0
    for row, each in zip(numbers, lowering.parts, strict=True):
        count = len(each.sources)
        row[COUNT_Z : COUNT_X + 1] = [axis.count for axis in each.axes]
        row[START_Z : START_X + 1] = [axis.start for axis in each.axes]
        row[BASE_Z : BASE_X + 1] = [axis.base for axis in each.axes]
        row[PART_READS], row[AT_READS] = count, at
        missing = -count % READS
        reads += [each.reads, np.tile(np.int32([0, BEYOND, BEYOND, BEYOND]), (missing, 1))]
        sources += [each.sources, np.zeros(missing, np.int32)]
        at += count + missing
    return np.concatenate(reads), np.concatenate(sources), numbers


@part
def tile_of(g, parts, rows, columns):  # type: ignore[no-untyped-def]
    """Return of a block: its part, group, first row and first column, and its last column.

    Columns are counted from its first; a block beyond the last position has -1.
    """
    group, p = cuda.blockIdx.z % g[GROUPS], cuda.blockIdx.z // g[GROUPS] * PART_NUMBERS
    of_image = np.int64(parts[p + COUNT_Z]) * parts[p + COUNT_Y] * parts[p + COUNT_X]
    first = np.int64(cuda.blockIdx.x) * columns
    left = max(min(g[BATCH] * of_image - first, columns), 0)
    return p, group, cuda.blockIdx.y * rows, first, np.int32(left - 1)


@part
def divided(number, by):  # type: ignore[no-untyped-def]
    """Return quotient and remainder of numbers that are not negative and fit 31 bits."""
    quotient = np.int32(np.uint32(number) // np.uint32(by))
    return quotient, np.int32(number - quotient * by)


@part
def column_of(parts, p, first, further):  # type: ignore[no-untyped-def]
    """Return image, z, y, x of a position of part `p`, `further` than the `first` of its block."""
    count_z, count_y, count_x = parts[p + COUNT_Z], parts[p + COUNT_Y], parts[p + COUNT_X]
    of_image = np.int32(count_z * count_y * count_x)
    image = first // of_image
    more, rest = divided(np.int32(first - image * of_image) + further, of_image)
    rest, x = divided(rest, count_x)
    z, y = divided(rest, count_y)
    return image + more, z, y, x


@part
def corner_of(g, parts, p, column):  # type: ignore[no-untyped-def]
    """Return z, y, x of the sample from which the reads of a column are counted."""
    _, z, y, x = column
    return (
        np.int32(z * g[IN_STEP_Z] + parts[p + BASE_Z]),
        np.int32(y * g[IN_STEP_Y] + parts[p + BASE_Y]),
        np.int32(x * g[IN_STEP_X] + parts[p + BASE_X]),
    )


@part
def sample_at(g, group, image, corner):  # type: ignore[no-untyped-def]
    """Return where the sample of a corner stands in the first given channel of a group."""
    z, y, x = corner
    given = g[GIVEN_CHANNELS] // g[GROUPS]
    planes = (image * g[GIVEN_CHANNELS] + group * given) * g[GIVEN_Z]
    return ((planes + z) * g[GIVEN_Y] + y) * g[GIVEN_X] + x


@part
def is_there(g, corner, step):  # type: ignore[no-untyped-def]
    """Return whether the given array has the sample of a read."""
    z, y, x = corner
    # Without a sign, what is before the first is beyond the last.
    within_z = np.uint32(z + step[STEP_Z]) < np.uint32(g[GIVEN_Z])
    within_y = np.uint32(y + step[STEP_Y]) < np.uint32(g[GIVEN_Y])
    return within_z & within_y & (np.uint32(x + step[STEP_X]) < np.uint32(g[GIVEN_X]))


@part
def result_at(g, parts, p, column):  # type: ignore[no-untyped-def]
    """Return where the result of a column in the first channel is stored."""
    image, z, y, x = column
    plane = image * g[RESULT_CHANNELS] * g[RESULT_Z] + z * g[OUT_STEP_Z] + parts[p + START_Z]
    line = plane * g[RESULT_Y] + y * g[OUT_STEP_Y] + parts[p + START_Y]
    return line * g[RESULT_X] + x * g[OUT_STEP_X] + parts[p + START_X]


@part
def weight_at(g, source, row, results):  # type: ignore[no-untyped-def]
    """Return where the weight of a row stands, from `source`, that of the first.

    Rows beyond the last are computed from its weights, and not stored.
    """
    return np.int32(source + min(np.int32(row), np.int32(results - 1)) * g[WEIGHT_ROW])


def storing(activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Return the function that stores a sum, with the epilogue of `activation_name`."""
    activate = activation(activation_name, wide)

    def store(given, out, g, p, group, row, column, first, value):  # type: ignore[no-untyped-def]
        """Store the sum of a row and a column, whose first channel is stored at `first`."""
        x, weight, bias, residual, reads, sources, parts = given
        if value - value != 0:
            corner = corner_of(g, parts, p, column)
            base = sample_at(g, group, column[0], corner)
            row_at = group * g[WEIGHT_GROUP] + row * g[WEIGHT_ROW]
            value = wide(0)
            for read in range(parts[p + AT_READS], parts[p + AT_READS] + parts[p + PART_READS]):
                step = load4(reads, 4 * read)
                there = is_there(g, corner, step)
                if there or g[ZEROS_COUNT]:
                    sample = wide(x[base + step[OFFSET]]) if there else wide(0)
                    value += wide(weight[row_at + sources[read]]) * sample
        channel = group * (g[RESULT_CHANNELS] // g[GROUPS]) + row
        quotient, rest = divided(channel, g[RESULT_CHANNELS] // g[SHUFFLE])
        stored = rest * g[SHUFFLE] + quotient
        place = first + np.int64(stored) * (g[RESULT_Z] * g[RESULT_Y] * g[RESULT_X])
        if g[HAS_BIAS]:
            value += wide(bias[channel])
        if g[HAS_RESIDUAL]:
            value += wide(residual[place])
        out[place] = activate(value)

    return part(store)
