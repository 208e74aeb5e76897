"""`block`: an involution whose kernels are made where they are used, and reach no memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numconv.core import dtypes
from numconv.core.problems import GeneratedInvolutionProblem
from numconv.core.protocol import Plan
from numconv.core.tables import three_axes

from .. import status
from ..array import DeviceArray
from ..device import Device
from ..plan import DevicePlan
from . import block_tables

if TYPE_CHECKING:
    from .block_kernel import Block

# Bytes and multiply-adds a second that a GPU of an H200's kind makes of this kernel, estimated.
BYTES = 3e12
MACS = 10e12
SECONDS_PER_CALL = 8e-6
# Taps that a thread computes at a time, of so many threads, and the blocks of threads that a
# multiprocessor shall hold at once: as many as there are registers for.
TAPS = {2: 4, 4: 4, 7: 3}
TAPS_OF_DOUBLES = {2: 2, 4: 2}
THREADS_OF_TAPS = 8
# Channels of all threads of a position, at a time.
CHANNELS = {"float16": 16, "float32": 16, "float64": 8}
# Of a grid along its second and third axes.
MOST_BLOCKS = 65_535


class InvolutionBlock:
    """Floats; any kernel, stride, dilation, padding mode and groups, in one to three axes."""

    name = "block"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: GeneratedInvolutionProblem) -> str | None:
        if status.simulated():
            return "has instructions that Numba's simulator does not know"
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if max(problem.batch, problem.groups) > MOST_BLOCKS:
            given = (problem.batch, problem.groups)
            return f"takes up to {MOST_BLOCKS} images and groups, not {given}"
        return block_tables.refusal(problem, THREADS_OF_TAPS * max(taps_of(problem.dtype)))

    def cost(self, problem: GeneratedInvolutionProblem) -> float:
        return SECONDS_PER_CALL + problem.min_bytes / BYTES + problem.macs / MACS

    def plan(self, problem: GeneratedInvolutionProblem) -> Plan:
        return InvolutionBlockPlan(problem, self._device())


def taps_of(dtype: str) -> dict[int, int]:
    """Return how many taps a thread may have, each with the blocks of threads at once."""
    return TAPS_OF_DOUBLES if dtype == "float64" else TAPS


def block_of(problem: GeneratedInvolutionProblem) -> Block:
    """Return what a thread has."""
    from .block_kernel import Block

    taps, run = _best_taps(problem), block_tables.run_of(problem)
    own, blocks = CHANNELS[problem.dtype] // run.rows, taps_of(problem.dtype)[taps]
    gaps = three_axes(problem)[1].kernel % run.taps > 0
    return Block(taps, run.rows, own, blocks, run.taps, run.row_step, run.tap_step, gaps)


def _best_taps(problem: GeneratedInvolutionProblem) -> int:
    """Return the taps of a thread for which the fewest are computed."""

    def computed(taps: int) -> int:
        # A round brings all features anew, which takes about as long as a tap of each thread.
        return block_tables.rounds(problem, THREADS_OF_TAPS * taps) * (taps + 1)

    fitting = (
        taps
        for taps in taps_of(problem.dtype)
        if block_tables.columns_in_round(problem, THREADS_OF_TAPS * taps)
    )
    return min(fitting, key=computed)


class InvolutionBlockPlan(DevicePlan):
    """The tables, the rounds in which taps are computed, and the tile."""

    def __init__(self, problem: GeneratedInvolutionProblem, device: Device) -> None:
        from . import block_kernel

        super().__init__(problem, device)
        self._block = block_of(problem)
        self._kernel = block_kernel.kernel(self._block, problem.epilogue.activation)
        tiles = -(-block_tables.places(problem, self._block.rows) // self._block.places)
        self._grid = (tiles, problem.groups, problem.batch)
        self._rounds = block_tables.rounds(problem, self._block.round)
        run = block_tables.run_of(problem)
        self._tables, self._numbers = block_tables.tables(problem, run, self._block.slots)
        self._span_bias = problem.span_bias

    def bind(self, device: Device) -> Any:
        from .block_kernel import THREADS

        launch = device.launcher(self._kernel, self._dtype, self._grid, (THREADS,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        x, hidden, span_weight, *rest = self.pointers(arrays, out)
        if not self._span_bias:
            rest.insert(0, span_weight)  # never read
        launch(out.stream, x, hidden, span_weight, *rest, tables.data, *self._numbers)

    def describe(self) -> str:
        block = self._block
        return (
            f"tiles of {block.places * block.rows} positions, their taps made {block.round} at a "
            f"time in {self._rounds} rounds for {block.channels_at_once} channels at once, "
            f"{self._grid[0]} x {self._grid[1]} x {self._grid[2]} blocks"
        )
