"""What a law is, and of which problems one may speak."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeVar

from ...core import dtypes
from ...core.optional import Selecting, Transposable, has_field, linear_in
from ...core.problems import Epilogue
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


def is_linear(problem: Any) -> bool:
    return has_outputs(problem) and bool(linear_in(problem))


def is_transposable(problem: Any) -> bool:
    return is_linear(problem) and isinstance(problem, Transposable)


def is_selecting(problem: Any) -> bool:
    return has_outputs(problem) and isinstance(problem, Selecting)


def has_non_finite(problem: Any) -> bool:
    return dtypes.kind(problem.dtype) != "integer" and has_outputs(problem)


def has_batch(problem: Any) -> bool:
    return has_field(problem, "batch") and has_outputs(problem)


def has_epilogue(problem: Any) -> bool:
    return has_field(problem, "epilogue") and has_outputs(problem)


def bare(problem: Any) -> Any:
    """Return a problem without its epilogue."""
    return replace(problem, epilogue=Epilogue()) if has_field(problem, "epilogue") else problem
