"""The plan of a filter."""

from __future__ import annotations

from math import prod

from numconv.plugin import FilterProblem

from ...kernel.worker_plan import WorkerPlan
from ...runtime.threads import SERIAL_WORK
from ...simd.tile import tile_field
from .arguments import arguments_of, outer_arguments
from .kernel import FEW, MANY, PAIRS, PRODUCTS, filter_bands
from .layout import choose_blocking, layout_of

# A row of so many vectors of sums: their additions hide each other's latency.
VECTORS = 4
# Means of up to so many samples are summed one by one: 13 rows of 1080x1920 bytes take 0.92 ms so
# and 1.01 ms in pairs, 15 take 1.25 and 1.01 (two threads, AVX-512).
FEW_SAMPLES = 13


class FilterPlan(WorkerPlan):
    """A filter, ready to be called."""

    def __init__(self, problem: FilterProblem) -> None:
        super().__init__(problem, dtype="float64")
        if problem.macs + problem.min_bytes < SERIAL_WORK:
            self.workers = 1
        layout, form = layout_of(problem), _form(problem)
        # Sums of many lines write over them, so that no line can be converted later.
        whole = form == MANY and layout.y.taps > 1
        self._blocking = choose_blocking(layout, self.workers, whole)
        tile = tile_field("float64", 1, VECTORS)
        arguments = arguments_of(problem, layout, self._blocking, form, prod(tile[2]))
        self._tasks = arguments.band.tasks
        self.compile(filter_bands, arguments, tile, parts=outer_arguments(layout), fused=False)

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
