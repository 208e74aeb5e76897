"""Plans of the algorithms that compute implicit matrix products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Protocol

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Shape
from numconv.core.tables import padded_size, three_axes

from .. import status
from ..array import DeviceArray
from ..compile import Kernel
from ..device import Device, Launch
from ..plan import DevicePlan
from . import numbers as n
from .lowering import lower

# Of a grid along its second and third axes.
MOST_BLOCKS = 65_535
# Of the flattest tile.
LEAST_ROWS = 32
SECONDS_PER_CALL = 8e-6


class Tile(Protocol):
    """How many results a block of threads computes."""

    rows: int
    columns: int

    @property
    def threads(self) -> int: ...

    @property
    def loads(self) -> float:
        """What a thread loads from shared memory, and does for that, for each product."""
        ...


def refusal(problem: ConvolutionProblem) -> str | None:
    """Return why no kernel here computes a problem, if that is so."""
    if status.simulated():
        return "has instructions that Numba's simulator does not know"
    if dtypes.kind(problem.dtype) != "float":
        return f"computes floating-point numbers, not {problem.dtype}"
    if problem.padding_mode != "zeros" and any(lo > 0 or hi > 0 for lo, hi in problem.padding):
        return f"pads with zeros, not with padding_mode={problem.padding_mode!r}"
    for what, shape in (("operand", problem.operand_shapes[0]), ("result", problem.result_shape)):
        if prod(shape[1:]) > n.LARGEST // 2:
            return f"counts the samples of an image in 31 bits, not those of an {what} {shape[1:]}"
    if max(padded_size(axis) for axis in three_axes(problem)) > n.MOST_PLACES:
        return f"takes axes of up to {n.MOST_PLACES} samples, padding {problem.padding} included"
    if prod(problem.weight_shape) > n.LARGEST:
        return f"counts weights in 31 bits, not {problem.weight_shape}"
    if _reads(problem) > n.MOST_READS:
        return f"counts the reads of a result up to {n.MOST_READS}, not {_reads(problem)}"
    if _layers(problem) > MOST_BLOCKS:
        return f"takes groups times parts up to {MOST_BLOCKS}, not {_layers(problem)}"
    if problem.result_shape[1] > MOST_BLOCKS * LEAST_ROWS:
        return f"takes up to {MOST_BLOCKS * LEAST_ROWS} channels, not {problem.result_shape[1]}"
    return None


def _reads(problem: ConvolutionProblem) -> int:
    """Return how many given channels times taps there are in a group."""
    return problem.operand_shapes[0][1] // problem.groups * prod(problem.kernel_shape)


def _layers(problem: ConvolutionProblem) -> int:
    """Return groups times parts: what the third axis of the grid counts."""
    if problem.direction == "forward":
        return problem.groups
    return problem.groups * prod(min(axis.stride, axis.size) for axis in three_axes(problem))


def computed(problem: ConvolutionProblem, reads: int) -> float:
    """Return the multiply-adds of a problem and those in vain, `reads` being added up at once."""
    channels = problem.result_shape[1] // problem.groups
    filled = (-(-channels // LEAST_ROWS) * LEAST_ROWS, -(-problem.terms // reads) * reads)
    return problem.macs * prod(filled) / (channels * problem.terms)


class ImplicitPlan(DevicePlan):
    """The tables of reads, the numbers of the parts, and the tile.

    Parameters
    ----------
    problem : ConvolutionProblem
    device : Device
    tiles : sequence of Tile
        Of which one is chosen.
    kernel : callable
        Returns the kernel of a tile, for operands that begin at a multiple of 16 bytes or not.
    shared_bytes : callable
        Returns what its blocks need besides what the kernel declares.
    how : str
        How products are computed, in words.
    """

    def __init__(
        self,
        problem: ConvolutionProblem,
        device: Device,
        tiles: Sequence[Any],
        kernel: Callable[[Any, bool], Kernel],
        shared_bytes: Callable[[Any], int] = lambda tile: 0,
        how: str = "",
    ) -> None:
        super().__init__(problem, device)
        lowering = lower(problem)
        self._tables, self._numbers = n.tables_of(lowering), n.numbers_of(problem, lowering)
        most = max(prod(axis.count for axis in part.axes) for part in lowering.parts)
        self._size: Shape = (
            lowering.result_channels,
            problem.batch * most,
            len(lowering.parts) * problem.groups,
        )
        self._tile = choose(tiles, self._size, device.processors)
        self._kernel, self._how = kernel, how
        self._shared_bytes = shared_bytes(self._tile)

    def bind(self, device: Device) -> Any:
        return {}, [device.upload(each) for each in self._tables]

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launchers, tables = bound
        aligned = arrays[0].aligned and arrays[1].aligned
        launch = launchers.get(aligned)
        if launch is None:
            launch = launchers[aligned] = self._launcher(out.device, aligned)
        given = (*self.pointers(arrays, out), *(each.data for each in tables))
        launch(out.stream, *given, *self._numbers)

    def _launcher(self, device: Device, aligned: bool) -> Launch:
        tile, (channels, positions, layers) = self._tile, self._size
        grid = (-(-positions // tile.columns), -(-channels // tile.rows), layers)
        kernel = self._kernel(tile, aligned)
        return device.launcher(kernel, self._dtype, grid, (tile.threads,), self._shared_bytes)

    def describe(self) -> str:
        tile, (channels, positions, layers) = self._tile, self._size
        return (
            f"{self._how}tiles of {tile.rows} channels x {tile.columns} positions, "
            f"{tile.threads} threads each, {layers} layers of {channels} x {positions}"
        )


def choose(tiles: Sequence[Any], size: Shape, processors: int) -> Any:
    """Return the tile that computes least in vain, of those that give each processor work.

    A processor that has two large tiles is as busy as one with four small ones.

    Parameters
    ----------
    size : tuple of int
        Channels, positions and layers.
    """
    channels, positions, layers = size

    def cost(tile: Tile) -> float:
        across, down = -(-positions // tile.columns), -(-channels // tile.rows)
        of_each = -(-across * down * layers // processors)
        return of_each * tile.rows * tile.columns * (1 + tile.loads)

    return min(tiles, key=cost)
