"""Which samples and taps meet in the tables of kernels that walk down columns."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pytest

from numconv.core.geometry import PADDING_MODES, output_size
from numconv.core.problems import ConvolutionProblem
from numconv.core.tables import Axis, readers, sources
from numconv_cuda import columns
from numconv_cuda.reads import NOTHING, ZERO, reads

# Sizes, taps, strides, paddings, dilations.
AXES = [
    Axis(size, output_size(size, kernel, stride, lo, hi, dilation), kernel, stride, lo, dilation)
    for size, kernel, stride, (lo, hi), dilation in product(
        (1, 5, 12), (1, 3, 4), (1, 2, 3, 7), ((0, 0), (2, 1), (3, 4)), (1, 2, 3)
    )
    if output_size(size, kernel, stride, lo, hi, dilation) > 0
]
Met = Counter[tuple[int, int, int]]


def met(axis: Axis, mode: str, direction: str) -> Met:
    """Return result, sample and tap of each product, as often as there is one."""
    if direction == "forward":
        table = sources(axis, mode)
        return Counter(
            (result, int(table[tap, result]), tap)
            for tap, result in np.ndindex(axis.kernel, axis.outputs)
        )
    start, output, tap = readers(axis, mode)
    return Counter(
        (result, int(output[i]), int(tap[i]))
        for result in range(axis.size)
        for i in range(start[result], start[result + 1])
    )


def in_reads(axis: Axis, mode: str, direction: str) -> Met:
    found: Met = Counter()
    table = reads(axis, mode, direction)
    for result, i in np.ndindex(table.results, table.count):
        line, phase = divmod(result, table.phases)
        source = table.sources[line * table.step + table.places[phase, i]]
        if table.taps[phase, i] >= 0 and source != NOTHING:
            sample = -1 if source == ZERO else int(source)
            found[result, sample, int(table.taps[phase, i])] += 1
    return found


@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
@pytest.mark.parametrize("mode", PADDING_MODES)
def test_reads_are_those_of_the_definition(mode: str, direction: str) -> None:
    checked = 0
    for axis in AXES:
        if mode != "zeros" and max(axis.lo, 4) >= axis.size:
            continue
        assert in_reads(axis, mode, direction) == met(axis, mode, direction), axis
        checked += 1
    assert checked > 60


def problem(**changes: Any) -> ConvolutionProblem:
    given: dict[str, Any] = {
        **{"batch": 2, "in_channels": 6, "out_channels": 6, "groups": 6},
        **{"input_shape": (56, 56), "kernel_shape": (3, 3), "stride": (1, 1)},
        **{"padding": ((1, 1), (1, 1)), "dilation": (1, 1), **changes},
    }
    return ConvolutionProblem(**given)


def test_what_a_thread_has() -> None:
    assert columns.column(problem()).name == "8x1x3-1-1"
    assert columns.column(problem(input_shape=(9, 9))).rows == 8
    assert columns.column(problem(dtype="float64")).rows == 4
    assert columns.column(problem(stride=(2, 2))).name == "8x1x3-2-1"
    assert columns.column(problem(groups=1)).name == "4x4x3-1-1"
    assert columns.column(problem(groups=2)).channels == 2
    assert columns.column(problem(direction="input_gradient")).name == "8x1x3-1-1-gaps"
    phases = problem(stride=(2, 2), direction="input_gradient")
    assert columns.column(phases).name == "8x1x2-1-1-gaps"


def test_runs_are_even_and_what_is_kept_is_bounded() -> None:
    long = problem(kernel_shape=(31, 31), padding=((15, 15), (15, 15)))
    assert columns.column(long).name == "8x1x8-1-1-gaps"
    assert columns.column(problem(kernel_shape=(9, 9))).name == "8x1x5-1-1-gaps"
    for stride, dilation in product((1, 3, 9, 40), (1, 4, 20)):
        far = problem(stride=(stride, 1), dilation=(dilation, 1), padding=((40, 40), (1, 1)))
        assert columns.column(far).samples <= columns.SAMPLES
