"""Which problems the laws are checked on, and the naive reference of each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ..core import dispatch, plugins, reference
from ..core.errors import ArgumentError
from ..core.optional import Transposable, linear_in, variants
from ..core.problems import ConvolutionProblem
from ..core.protocol import Algorithm, Array, Backend
from .drawn import drawn_problems
from .large import LARGE

LEVELS = ("quick", "full")
QUICK_DTYPES = ("float32", "float64")
_QUICK_LARGE = ("depthwise_batch", "batch_of_small", "involution_own_kernels")
_DRAWN = 300


@dataclass(frozen=True)
class NamedProblem:
    """A problem that a named case of an operator comes down to.

    `large` says that it is of many tiles: only the laws that size could break are checked.
    """

    operator: str
    case: str
    problem: Any
    large: bool = False


def named_problems() -> list[NamedProblem]:
    """Return the problems of every named case of every operator, each problem once.

    An operator made of others gives one for each of its stages, numbered from 0, and those that
    it has where a backend solves several of them at once.
    """
    found: dict[Any, NamedProblem] = {}
    for operator in plugins.operators().values():
        for case in operator.cases():
            for at_once in (False, True):
                with dispatch.tracing(at_once=at_once) as traced:
                    operator.apply(*case.operands, **case.parameters)
                base = f"{case.name}_at_once" if at_once else case.name
                for stage, each in enumerate(traced):
                    name = base if len(traced) == 1 else f"{base}_{stage}"
                    found.setdefault(each.problem, NamedProblem(operator.name, name, each.problem))
    return list(found.values())


def problems_of(level: str) -> list[NamedProblem]:
    """Return the problems of a level, each once.

    ``quick``: the named cases in float32 and float64, and a few large problems. ``full``: every
    named case, the gradients of each linear problem, every large problem, and drawn ones; those
    that algorithms bring themselves (`variants_of`) are not among them.

    Raises
    ------
    ArgumentError
        If there is no such level.
    """
    if level not in LEVELS:
        raise ArgumentError("level", level, "one of " + ", ".join(LEVELS))
    named = named_problems()
    if level == "quick":
        few = {name: LARGE[name] for name in _QUICK_LARGE}
        return [each for each in named if each.problem.dtype in QUICK_DTYPES] + _large(few)
    drawn = (
        NamedProblem(_family(problem), f"drawn_{index}", problem)
        for index, problem in enumerate(drawn_problems(_DRAWN))
    )
    found: dict[Any, NamedProblem] = {}
    for each in (*named, *chain.from_iterable(map(_gradients, named)), *_large(LARGE), *drawn):
        found.setdefault(each.problem, each)
    return list(found.values())


def _gradients(each: NamedProblem) -> Iterator[NamedProblem]:
    problem, operands = each.problem, linear_in(each.problem)
    for operand in operands if isinstance(problem, Transposable) else ():
        with contextlib.suppress(ArgumentError):
            twin = problem.adjoint(operand)
            if twin is not None:
                yield NamedProblem(each.operator, f"{each.case}_gradient_{operand}", twin)


def _large(problems: dict[str, Any]) -> list[NamedProblem]:
    return [NamedProblem(_family(each), name, each, True) for name, each in problems.items()]


def _family(problem: Any) -> str:
    """Return the operator that a problem without a named case belongs to."""
    if not isinstance(problem, ConvolutionProblem):
        operators = plugins.operators().values()
        return next(each.name for each in operators if type(problem) in each.naive)
    if problem.direction == "input_gradient":
        return "transposed"
    if problem.groups > 1:
        return "depthwise" if problem.groups == problem.in_channels else "grouped"
    if max(problem.dilation) > 1:
        return "dilated"
    return "pointwise" if max(problem.kernel_shape) == 1 else "direct"


def solvers(problem: Any) -> Iterator[tuple[str, Algorithm]]:
    """Yield every algorithm of every usable backend that accepts `problem`, as BACKEND-ALGORITHM.

    Backends of negative priority are there for comparison, and are left out.
    """
    for backend in plugins.backends().values():
        if backend.priority >= 0 and plugins.status(backend).state != "unavailable":
            for algorithm in backend.algorithms(problem):
                if algorithm.refusal(problem) is None:
                    yield f"{backend.name}-{algorithm.name}", algorithm


def variants_of(backend: Backend) -> list[tuple[NamedProblem, Algorithm]]:
    """Return the problems that a backend's algorithms bring themselves, each with its algorithm."""
    samples = {type(each.problem): each.problem for each in named_problems()}
    algorithms = chain.from_iterable(map(backend.algorithms, samples.values()))
    found = []
    for algorithm in {each.name: each for each in algorithms}.values():
        for form, problems in variants(algorithm):
            for name, problem in problems.items():
                found.append((NamedProblem(_family(problem), name, problem), form))
    return found


def problem_types() -> dict[str, type]:
    """Return every type of problem that an operator defines, by its name."""
    return {kind.__name__: kind for kind in _kinds()}


def _kinds() -> Iterator[type]:
    for operator in plugins.operators().values():
        yield from operator.naive


def naive_reference(problem: Any) -> Callable[..., Array]:
    """Return the naive reference that an operator gives for this type of problem."""
    compute = reference.naive_reference(plugins.operators().values(), type(problem))
    if compute is None:
        raise LookupError(f"no operator defines a {type(problem).__name__}")
    return compute
