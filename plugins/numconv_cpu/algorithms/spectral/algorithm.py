"""The algorithm `spectral`: which problems it takes, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator

from numconv.plugin import ConvolutionProblem, Plan, dtype_kind

from ...kernel.cost import estimate_by_definition
from ..fourier import problems
from .geometry import LONGEST, geometry_of, lengths_of, real_itemsize, relative_cost, zero_padded
from .layout import MOST_BYTES, workspace_bytes


class Spectral:
    """Convolutions whose kernel is about as large as the signal, picture or volume.

    Notes
    -----
    The error of a result is at most ``c * (K + 2) * eps * max|w| * sum|x|``, with the largest
    weight of the result's filter and the sum over the result's window: as for `fft`.
    ``accuracy="strict"`` forbids that.

    A few samples or weights that would drown the others, or are not finite, are left out of the
    transforms; their products are added one by one. Results whose windows have too little for their
    share of the rounding errors are recomputed as direct sums. If that is much, or too many
    samples are not finite, `direct` or `transposed` computes the image.
    """

    name = "spectral"
    last_resort = False
    transforms = True

    def variants(self) -> Iterator[tuple[Spectral, dict[str, ConvolutionProblem]]]:
        from .cases import PROBLEMS

        yield self, PROBLEMS

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if dtype_kind(problem.dtype) == "integer":
            return f"computes floating-point and complex numbers, not {problem.dtype}"
        if common := problems.refusal(problem):
            return common
        geometry = geometry_of(zero_padded(problem))
        if any(end <= begin for begin, end in geometry.kept):
            return "takes results of which some see a sample"
        lengths = lengths_of(geometry, real_itemsize(problem))
        if lengths is None:
            return f"takes axes of at most {LONGEST} products, or signals of their square"
        needed = workspace_bytes(geometry, lengths, real_itemsize(problem))
        if needed > MOST_BYTES:
            return f"takes problems that need at most {MOST_BYTES >> 30} GiB, not {needed} bytes"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        return estimate_by_definition(problem) * relative_cost(problem)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        from ...kernel.conversion import plan_in_accumulator
        from .plan import plan

        return plan_in_accumulator(problem, plan)
