"""Running a call for `numconv run`: how long it takes, and how far it is from the definition."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..core import arrays as core_arrays
from ..core import dtypes, plugins
from ..core.bound import FACTOR, bound
from ..core.explanation import Explanation
from ..core.protocol import Operator
from ..core.reference import naive_reference
from . import printing

Array = NDArray[Any]
Prepared = TypeVar("Prepared")

PATIENCE_SECONDS = 1.0
_REDRAW_SECONDS = 0.1


@dataclass(frozen=True)
class Timing:
    """Seconds of the first call, of those after it, and what was warned of."""

    first: float
    runs: tuple[float, ...]
    notes: tuple[str, ...]

    @property
    def compile(self) -> float:
        """What the first call took longer: planning, and compiling or loading kernels."""
        return max(0.0, self.first - self.minimum)

    @property
    def minimum(self) -> float:
        return min(self.runs, default=self.first)

    @property
    def median(self) -> float:
        return median(self.runs or (self.first,))


def timed(
    prepare: Callable[[], Prepared], call: Callable[[], Array], repeat: int
) -> tuple[Prepared, Array, Timing]:
    """Prepare, call once, then `repeat` times; return what both made last, and the times.

    The first call's is told with that of `prepare`, which plans, and so compiles, ahead of it.

    A progress bar appears on stderr, where that is a terminal, when it will take longer than
    `PATIENCE_SECONDS`.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begin = perf_counter()
        prepared = prepare()
        result = call()
        first = perf_counter() - begin
        runs: list[float] = []
        if repeat:
            begin = perf_counter()
            result = call()
            runs.append(perf_counter() - begin)
        with _progress(repeat, max(runs, default=0.0)) as advance:
            for _ in range(repeat - 1):
                advance()
                begin = perf_counter()
                result = call()
                runs.append(perf_counter() - begin)
    notes = tuple(dict.fromkeys(str(each.message) for each in caught))
    return prepared, result, Timing(first, tuple(runs), notes)


@contextmanager
def _progress(repeat: int, seconds: float) -> Iterator[Callable[[], None]]:
    """Give a function to call before each run; the bar is drawn then, never during a run."""
    if repeat * seconds < PATIENCE_SECONDS or not printing.is_terminal(sys.stderr):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), auto_refresh=False, transient=True)
    with progress:
        task = progress.add_task("running", total=repeat)
        drawn = perf_counter()

        def advance() -> None:
            nonlocal drawn
            progress.advance(task)
            if perf_counter() - drawn > _REDRAW_SECONDS:
                progress.refresh()
                drawn = perf_counter()

        yield advance


@dataclass(frozen=True)
class Check:
    """How far a result is from the naive reference.

    Attributes
    ----------
    largest : float
        The largest difference; infinite where only one of the two is finite.
    fraction : float
        The largest difference as a fraction of what its output is allowed.
    """

    largest: float
    fraction: float

    @property
    def passed(self) -> bool:
        return self.fraction <= 1


def checked(
    operator: Operator,
    explanation: Explanation,
    operands: Sequence[Array],
    parameters: Mapping[str, Any],
    result: Array,
) -> Check:
    """Compare `result` with the operator's naive reference."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = operator.reference(*operands, **parameters)
    allowed = _allowed(operator, explanation, operands, parameters)
    return compare(np.asarray(result), np.asarray(expected), allowed.reshape(result.shape))


def compare(result: Array, expected: Array, allowed: Array) -> Check:
    """Return the largest difference, plainly and as a fraction of what is allowed."""
    if result.size == 0:
        return Check(0.0, 0.0)
    same = (result == expected) | (np.isnan(result) & np.isnan(expected))
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(result.astype(_wide(result)) - expected.astype(_wide(expected)))
    difference = np.where(same, 0.0, np.nan_to_num(difference, nan=np.inf))
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(same, 0.0, difference / allowed)
    return Check(float(difference.max()), float(np.nan_to_num(fraction, nan=np.inf).max()))


def _wide(array: Array) -> str:
    return "complex128" if array.dtype.kind == "c" else "float64"


def _allowed(
    operator: Operator,
    explanation: Explanation,
    operands: Sequence[Array],
    parameters: Mapping[str, Any],
) -> Array:
    stages = explanation.stages
    problems: list[Any] = [stage.problem for stage in stages]
    plain = [core_arrays.plain(np.asarray(operand)) for operand in operands]
    if len(problems) == 1 and operator.naive:
        naive = naive_reference(plugins.operators().values(), type(problems[0]))
        for index, shape in enumerate(problems[0].operand_shapes):
            plain[index] = plain[index].reshape(shape)
        return bound(problems[0], naive, *plain)
    return _allowed_in_a_row(operator, problems, plain, parameters)


def _allowed_in_a_row(
    operator: Operator,
    problems: Sequence[Any],
    operands: Sequence[Array],
    parameters: Mapping[str, Any],
) -> Array:
    """Return the bound of problems in a row: each stage adds its terms to the relative error.

    To first order the error of a chain of sums of products is at most the sum of the stages'
    ``c * K * eps``, times the chain of absolute values, which the activations do not enlarge.
    """
    dtype = operands[0].dtype.name
    size = operator.reference(
        *(np.abs(operand).astype("float64") for operand in operands), **parameters
    )
    relative = FACTOR * dtypes.epsilon(dtype) * sum(each.terms + 2 for each in problems)
    if dtypes.kind(dtype) == "complex":
        relative *= 2
    if dtype == "float16":
        relative += len(problems) * float(np.finfo(np.float16).eps)
    return np.asarray(relative * np.abs(size) + float(np.finfo(np.float32).tiny))
