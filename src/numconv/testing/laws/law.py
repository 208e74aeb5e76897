"""What a law is, and of which problems one may speak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from math import prod
from typing import Any, TypeVar

from ...core import dtypes
from ...core.problems import (
    ConvolutionProblem,
    GeneratedInvolutionProblem,
    InvolutionProblem,
)
from ...core.protocol import Algorithm

STAGES = ("shapes", "values", "gradients", "invariances", "hostile", "memory")


Item = TypeVar("Item")


@dataclass(frozen=True)
class Law:
    """A promise, how it is checked, and of which problems it speaks.

    `cases` says on how many of an algorithm's problems it is checked; on all by default.
    """

    name: str
    stage: str
    check: Callable[[Any, Algorithm], float]
    applies: Callable[[Any], bool]
    cases: int | None = None

    def among(self, problems: Sequence[Item]) -> Sequence[Item]:
        """Return those of an algorithm's problems on which it is checked, spread evenly."""
        step = 1 if self.cases is None else -(-len(problems) // self.cases)
        return problems[:: max(step, 1)]

    @property
    def promise(self) -> str:
        """What is promised, in a sentence."""
        return (self.check.__doc__ or self.name).strip().partition("\n")[0]


def always(problem: Any) -> bool:
    return True


def has_outputs(problem: Any) -> bool:
    return bool(prod(problem.result_shape))


def is_bilinear(problem: Any) -> bool:
    """Whether the result is linear in the first operand and in the second."""
    linear = isinstance(problem, GeneratedInvolutionProblem) and not problem.span_bias
    return has_outputs(problem) and (linear or has_taps(problem))


def has_taps(problem: Any) -> bool:
    """Whether the second operand holds the taps by which the first is multiplied."""
    return isinstance(problem, (ConvolutionProblem, InvolutionProblem)) and has_outputs(problem)


def is_convolution(problem: Any) -> bool:
    return isinstance(problem, ConvolutionProblem) and has_outputs(problem)


def has_non_finite(problem: Any) -> bool:
    return dtypes.kind(problem.dtype) != "integer" and has_outputs(problem)


def has_batch(problem: Any) -> bool:
    return has_field(problem, "batch") and has_outputs(problem)


def has_epilogue(problem: Any) -> bool:
    return has_field(problem, "epilogue") and has_outputs(problem)


def has_field(problem: Any, name: str) -> bool:
    """Return whether `dataclasses.replace` can vary this member of a problem."""
    return is_dataclass(problem) and any(each.name == name for each in fields(problem))
