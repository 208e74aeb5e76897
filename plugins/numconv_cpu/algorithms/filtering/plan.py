"""The plan of a filter: what the compiled call is told."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from numconv.core.geometry import source_index
from numconv.core.problems import FilterProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ...kernel.padding import Lines
from ...kernel.records import Tables, in_turn, record, whole_lines
from ...runtime.launch import worker
from ...runtime.process import OfThisProcess
from ...runtime.threads import SERIAL_WORK, run
from ...runtime.workspace import Workspace
from ...simd.tile import tile_field
from .formats import loader, storer
from .kernel import FEW, MANY, PAIRS, PRODUCTS, filter_bands
from .layout import Blocking, FilterAxis, Layout, choose_blocking, layout_of

# A row of so many vectors of sums: their additions hide each other's latency.
VECTORS = 4
# Rows of short lines are summed together, up to so many values.
SWEEP = 1024
# Means of up to so many samples are summed one by one: 13 rows of 1080x1920 bytes take 0.92 ms so
# and 1.01 ms in pairs, 15 take 1.25 and 1.01 (two threads, AVX-512).
FEW_SAMPLES = 13

NUMBERS = (
    "form",
    "load",  # addresses of routines
    "store",
    "x_bytes",  # of a value
    "result_bytes",
    "lines",
    "length",  # of a line
    "height",  # of a task
    "width",
    "strips",
    "pieces",
    "tasks",
    "taps",
    "taps_y",
    "low",  # values before and behind a line
    "high",
    "pitch",  # of a band
    "layer",
    "layers",
    "sweep",  # rows that are summed at once
    "span",  # values that a row of vectors holds
    "outer_axes",
    "at_outer",  # samples, taps and stride of each, and where its table is
    "at_y",  # tables of what `padding.Lines` tells of an axis, -1 for none
    "at_lefts",
    "at_rights",
    "at_offsets",
    "at_sums",
    "scratch",  # elements of a worker
)


class FilterPlan(OfThisProcess):
    """A filter, ready to be called."""

    def __init__(self, problem: FilterProblem) -> None:
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads() if self._work >= SERIAL_WORK else 1
        layout = layout_of(problem)
        form = _form(problem)
        # Sums of many lines write over them, so that no line can be converted later.
        many = form == MANY
        whole = many and layout.y.taps > 1
        self._blocking = choose_blocking(layout, self._workers, whole)
        tables = Tables()
        field = tile_field("float64", 1, VECTORS)
        numbers = {
            **_axes_numbers(layout, tables),
            **_band_numbers(layout, self._blocking, many, prod(field[2]), tables),
            "form": form,
            "load": loader(problem.dtype),
            "store": storer(problem.result_dtype),
            "x_bytes": np.dtype(problem.dtype).itemsize,
            "result_bytes": np.dtype(problem.result_dtype).itemsize,
            "taps": problem.terms,
        }
        self._geometry = record(NUMBERS, numbers, ("fill", np.float64), field)
        self._geometry["fill"] = problem.fill
        self._tables = tables.array()
        kind = self._geometry.dtype
        self._worker = worker(filter_bands, "float64", kind, kind, fused=False)
        self._tasks = numbers["tasks"]
        self._workspace = Workspace("float64", self._workers * numbers["scratch"])
        self.workspace_bytes = self._workspace.nbytes

    def __call__(self, *arrays: Array, out: Array) -> None:
        """Solve the problem for x and the weights, where it has any."""
        if out.size == 0:
            return
        x, weight = arrays[0], arrays[-1]
        memory = self._workspace.take()
        run(
            self._worker,
            1,
            self._workers,
            x,
            weight,
            x,
            x,
            out,
            memory,
            self._tables,
            self._geometry,
            self._geometry,
            self._work,
        )
        self._workspace.give(memory)

    def prepare(self, weight: Array) -> Array:
        """Return the weights as they are."""
        return weight

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        return (
            f"bands of {self._blocking.height} lines x {self._blocking.width} values, in float64; "
            f"{self._tasks} tasks"
        )


def _form(problem: FilterProblem) -> int:
    if problem.sums == "mean":
        return FEW if problem.terms <= FEW_SAMPLES else MANY
    return PAIRS if problem.sums == "pairs" else PRODUCTS


def _values(samples: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    """Return the places of all values of these samples; -1 for each of one that is none."""
    values = samples[:, None] * step + np.arange(step)
    return np.asarray(np.where(samples[:, None] < 0, -1, values)).ravel()


def _axes_numbers(layout: Layout, tables: Tables) -> dict[str, int]:
    """Return what the kernel is told of the axes."""
    x, y = layout.x, layout.y

    def lines(axis: FilterAxis) -> int:
        if axis.taps == 1:
            return -1
        size, end = axis.samples, axis.samples + axis.high
        return tables.add(Lines(np.array([-axis.low]), 1, size, end, axis.mode).numbers())

    before = source_index(x.samples, x.low, -x.samples, x.mode)
    behind = source_index(x.samples, -x.samples, x.high, x.mode)
    told, stride = [], y.samples * x.samples * x.step
    for axis in reversed(layout.outer):
        told.append((axis.samples, axis.taps, stride, lines(axis)))
        stride *= axis.samples
    return {
        "lines": y.samples,
        "length": x.samples * x.step,
        "taps_y": y.taps,
        "low": x.low * x.step,
        "high": x.high * x.step,
        "layers": layout.layers,
        "outer_axes": len(layout.outer),
        "at_outer": tables.add(np.array(told[::-1], np.int64)),
        "at_y": lines(y),
        "at_lefts": tables.add(_values(before, x.step)),
        "at_rights": tables.add(_values(behind, x.step)),
    }


def _band_numbers(
    layout: Layout, parts: Blocking, many: bool, span: int, tables: Tables
) -> dict[str, int]:
    """Return what the kernel is told of tasks, and of the band that is one's memory."""
    x, y = layout.x, layout.y
    # Sums of many samples that write over a row leave the next one as it is.
    pitch = whole_lines(parts.width + x.reach + (span if many else 0))
    layer = (parts.height + y.taps - 1) * pitch
    sweep = parts.height if many and y.taps > 1 else min(max(SWEEP // pitch, 1), parts.height)
    steps = np.array([layer, pitch, x.step])
    taps = np.indices((layout.layers, y.taps, x.taps)).reshape(3, -1).T
    # What hangs over the end of a row of vectors is read and summed, and not stored.
    sizes = {"at_band": layout.layers * layer + span, "at_sums": sweep * pitch + span}
    begins, scratch = in_turn(sizes)
    strips, pieces = -(-y.samples // parts.height), -(-x.samples * x.step // parts.width)
    return {
        "height": parts.height,
        "width": parts.width,
        "strips": strips,
        "pieces": pieces,
        "tasks": prod(axis.samples for axis in layout.outer) * strips * pieces,
        "pitch": pitch,
        "layer": layer,
        "sweep": sweep,
        "span": span,
        "at_offsets": tables.add(taps @ steps),
        "at_sums": begins["at_sums"],
        "scratch": scratch,
    }
