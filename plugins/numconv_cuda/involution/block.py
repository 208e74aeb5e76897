"""`block`: an involution whose kernels are made where they are used, and reach no memory."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numconv.core import dtypes
from numconv.core.problems import GeneratedInvolutionProblem
from numconv.core.protocol import Plan
from numconv.core.tables import three_axes

from .. import columns, status
from ..array import DeviceArray
from ..device import Device
from ..plan import DevicePlan

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
        if max(problem.batch, problem.groups) > columns.MOST_BLOCKS:
            given = (problem.batch, problem.groups)
            return f"takes up to {columns.MOST_BLOCKS} images and groups, not {given}"
        most = THREADS_OF_TAPS * max(taps_of(problem.dtype))
        rows = three_axes(problem)[1].kernel
        if rows > most:
            return f"takes kernels of up to {most} rows, not {rows}"
        return columns.refusal(problem)

    def cost(self, problem: GeneratedInvolutionProblem) -> float:
        return SECONDS_PER_CALL + problem.min_bytes / BYTES + problem.macs / MACS

    def plan(self, problem: GeneratedInvolutionProblem) -> Plan:
        return InvolutionBlockPlan(problem, self._device())


def taps_of(dtype: str) -> dict[int, int]:
    """Return how many taps a thread may have, each with the blocks of threads at once."""
    return TAPS_OF_DOUBLES if dtype == "float64" else TAPS


def block_of(dtype: str, taps: int, rows: int) -> Block:
    """Return what a thread has that computes so many taps and has so many rows."""
    from .block_kernel import Block

    return Block(taps, rows, CHANNELS[dtype] // rows, taps_of(dtype)[taps])


class InvolutionBlockPlan(DevicePlan):
    """The tables of the padded axes, the rounds in which taps are computed, and the tile."""

    def __init__(self, problem: GeneratedInvolutionProblem, device: Device) -> None:
        from . import block_kernel as k

        super().__init__(problem, device)
        rows = columns.rows_of(problem)
        taps, chunk_columns = _chunks(problem)
        self._block = block_of(problem.dtype, taps, rows)
        self._kernel = k.kernel(self._block, problem.epilogue.activation)
        z, y, x = three_axes(problem)
        columns_out = z.outputs * -(-y.outputs // rows) * x.outputs
        tiles = -(-columns_out // self._block.places)
        self._grid = (tiles, problem.groups, problem.batch)
        tables, numbers = columns.tables(problem, rows)
        span_rows = _span_rows(problem, chunk_columns, taps, self._block.slot)
        step_taps = _step_taps(tables, numbers, rows)
        pieces = (tables, span_rows.ravel(), _tap_columns(problem), step_taps)
        self._tables = np.concatenate(pieces).astype(np.int32)
        self._chunks, self._span_bias = len(span_rows), problem.span_bias
        added = (problem.hidden_channels, self._chunks, chunk_columns, self._span_bias)
        firsts = np.cumsum([piece.size for piece in pieces])[:-1]
        self._numbers = (*numbers, *map(np.int32, (*added, *firsts)))

    def bind(self, device: Device) -> Any:
        from .block_kernel import THREADS

        launch = device.launcher(self._kernel, self._dtype, self._grid, (THREADS,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        x, hidden, span_weight, *rest = self.pointers(arrays, out)
        if not self._span_bias:
            rest.insert(0, span_weight)  # never read
        values = (x, hidden, span_weight, *rest)
        launch(out.stream, *values, tables.data, *self._numbers)

    def describe(self) -> str:
        block = self._block
        return (
            f"tiles of {block.places * block.rows} positions, their taps made {block.chunk} at a "
            f"time in {self._chunks} rounds for {block.channels_at_once} channels at once, "
            f"{self._grid[0]} x {self._grid[1]} x {self._grid[2]} blocks"
        )


def _chunks(problem: GeneratedInvolutionProblem) -> tuple[int, int]:
    """Return the taps of a thread and the columns of taps of a block for the least in vain."""
    z, y, x = three_axes(problem)
    all_columns = z.kernel * x.kernel

    def columns_at_once(taps: int) -> int:
        return min(THREADS_OF_TAPS * taps // y.kernel, all_columns)

    def computed(taps: int) -> tuple[int, int]:
        rounds = -(-all_columns // columns_at_once(taps))
        return rounds * taps, rounds

    best = min((taps for taps in taps_of(problem.dtype) if columns_at_once(taps)), key=computed)
    return best, columns_at_once(best)


def _span_rows(
    problem: GeneratedInvolutionProblem, chunk_columns: int, taps: int, slot: int
) -> NDArray[np.int64]:
    """Return which row of a group's span weight each tap of each round is made of; -1: of none.

    Taps come down the columns of the kernel, so that a round has whole columns.

    Returns
    -------
    ndarray, shape (rounds, threads, slot)
    """
    z, y, x = three_axes(problem)
    order = np.arange(prod((z.kernel, y.kernel, x.kernel))).reshape(z.kernel, y.kernel, x.kernel)
    by_column = order.transpose(0, 2, 1).reshape(-1, y.kernel)
    rounds = -(-len(by_column) // chunk_columns)
    rows = np.full((rounds, THREADS_OF_TAPS * taps), -1)
    for index in range(rounds):
        here = by_column[index * chunk_columns : (index + 1) * chunk_columns].ravel()
        rows[index, : here.size] = here
    slots = np.full((rounds, THREADS_OF_TAPS, slot), -1)
    slots[:, :, :taps] = rows.reshape(rounds, THREADS_OF_TAPS, taps)
    return slots


def _tap_columns(problem: GeneratedInvolutionProblem) -> NDArray[np.int64]:
    """Return how far each column of taps is from the first, along z and along x."""
    z, _, x = three_axes(problem)
    kz, kx = np.meshgrid(np.arange(z.kernel), np.arange(x.kernel), indexing="ij")
    return np.stack([kz * z.dilation, kx * x.dilation], axis=-1).ravel()


def _step_taps(problem_tables: NDArray[np.int32], numbers: Any, rows: int) -> NDArray[np.int64]:
    """Return the taps of each step of a column, those of all rows in a number, a byte each."""
    first = numbers[columns.TAPS]
    taps = problem_tables[first : first + numbers[columns.STEPS] * rows].reshape(-1, rows)
    bytes_ = np.zeros((len(taps), 4), np.uint8)
    bytes_[:, :rows] = taps  # -1 is 255
    return bytes_.view("<i4").ravel()
