"""The plan of a lowered convolution."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from numconv.plugin import Array, ConvolutionProblem

from ...kernel.lowering import Lowering
from ...kernel.worker_plan import WorkerPlan
from ...simd.tile import tile_field
from .arguments import arguments_of, most_positions, parts_of
from .blocking import Form, block, forms, strip_lowering
from .solve import solve


class LoweredPlan(WorkerPlan):
    """A lowered convolution.

    Parameters
    ----------
    problem : ConvolutionProblem
        Of float32, float64 or int64.
    lowering : Lowering
        Of that problem, or of one with the same numbers.
    in_place : bool
        Whether the given array is its own planes.
    pack_panels : bool
        Whether the samples of every tile of positions are packed, not just of those at an end.
    form : Form, optional
        Of the register tile; by default the one that computes least in vain.
    """

    keeps_weight = False

    def __init__(
        self,
        problem: ConvolutionProblem,
        lowering: Lowering,
        in_place: bool = False,
        pack_panels: bool = False,
        form: Form | None = None,
    ) -> None:
        # The first element becomes 1 where a packed weight is not finite.
        super().__init__(problem, messages=1)
        form = form or forms(lowering, problem.dtype)[0]
        batch = max(problem.batch, 1)
        sizes = np.dtype(problem.dtype).itemsize, batch, self.workers
        self._blocking = b = block(lowering, form, *sizes)
        strips = None if in_place else strip_lowering(lowering, b, *sizes)
        lowering, in_strips = strips or lowering, strips is not None
        parts = parts_of(lowering, b, batch)
        cut = (lowering, b, parts, self.workers, in_place, in_strips, pack_panels)
        arguments = arguments_of(problem, *cut)
        self._arguments = plain = arguments.late() if b.late else arguments
        self._positions = most_positions(lowering, b)
        tile = tile_field(problem.dtype, form.rows, form.vectors)
        self.compile(solve, plain, tile, stages=plain.stages, parts=parts)
        packed = arguments.packed()
        self.pack_weights(arguments.packing(), packed, "at_weights", stages=packed.stages)

    def unpacked(self, packed: Array) -> Array:
        """Return the weight that was packed so.

        Where each element went is told by packing their numbers, a digit at a time: those of
        base 2**20 are exact in all dtypes, and 0 stays for what holds no element.
        """
        digits, shape = 2**20, self.problem.weight_shape
        size = prod(shape)
        numbers, places, unit = np.arange(1, size + 1), np.zeros(packed.size, np.int64), 1
        while unit <= size:
            digit = (numbers // unit % digits).astype(packed.dtype).reshape(shape)
            packed_digit = self._pack(digit)
            assert packed_digit is not None
            places += packed_digit.astype(np.int64) * unit
            unit *= digits
        weight: NDArray[np.generic] = np.zeros(size + 1, packed.dtype)
        weight[places] = packed
        return weight[1:].reshape(shape)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        b, arguments = self._blocking, self._arguments
        parts, packing = arguments.parts, arguments.pack_tasks
        packed = f"packed in {packing} tasks" if packing else "packed by the tasks that read it"
        return (
            f"tile {b.form.MR} channels x {b.form.NR} positions, "
            f"K in blocks of {b.KC}, "
            f"{parts} part{'s' * (parts > 1)}, "
            f"{arguments.product_tasks} tasks of up to {b.tile_block * b.form.MR} channels x "
            f"{self._positions} positions on {self.workers} threads, "
            f"x {'read in place' if arguments.in_place else packed}"
        )
