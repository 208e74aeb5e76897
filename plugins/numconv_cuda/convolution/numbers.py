"""What kernels of implicit matrix products are told: numbers of a problem, and tables of reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem
from numconv.core.tables import five_axes

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
# Of a table of them, whose four columns are counted in 32 bits.
MOST_READS = 2**28
# Places of a padded axis that there may be, and a step from any of them to where no sample is.
MOST_PLACES, BEYOND = 2**29, 2**30


def numbers_of(problem: ConvolutionProblem, lowering: Lowering) -> tuple[np.int32, ...]:
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


def tables_of(lowering: Lowering) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
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
