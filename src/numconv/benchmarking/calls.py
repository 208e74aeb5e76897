"""A layer of a suite as a call that a contestant makes, on operands that are the same for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core import dtypes, plugins
from ..core.choice import choose
from ..core.dispatch import tracing
from ..core.errors import ArgumentError, RefusedError
from ..core.optional import Native, has_field
from ..core.protocol import Array, Operand
from .contestants import Contestant
from .suites import Layer

SEED = 0
# Real multiply-adds of a complex one.
COMPLEX_WORK = 4


@dataclass(frozen=True)
class Work:
    """What a layer asks for: floating-point operations, and bytes to move at the least."""

    flops: int
    min_bytes: int
    problems: tuple[Any, ...]


@dataclass(frozen=True)
class Prepared:
    """A layer that is ready to be called again and again."""

    call: Callable[[], Any]
    algorithm: str


def with_batch(layer: Layer, batch: int) -> Layer:
    """Return the layer for another batch size.

    Raises
    ------
    ArgumentError
        If its first operand has no batch axis.
    """
    first = layer.operands[0]
    axes = int(layer.function[-2]) if layer.function[-2:-1].isdigit() else len(first) - 2
    if len(first) != axes + 2:
        raise ArgumentError("batch", batch, f"a layer with a batch axis, not {layer.name!r}")
    batched = _batched(work_of(layer).problems)
    operands = [(batch, *shape[1:]) for shape in layer.operands[:batched]]
    return replace(layer, operands=(*operands, *layer.operands[batched:]))


def function_of(layer: Layer) -> Callable[..., Any]:
    """Return numconv's function, or the operator, that a layer names."""
    import numconv

    if layer.function in numconv.__all__:
        found: Callable[..., Any] = getattr(numconv, layer.function)
        return found
    known = plugins.operators()
    if layer.function not in known:
        expected = "a function of numconv or one of " + ", ".join(sorted(known))
        raise ArgumentError("function", layer.function, expected)
    return known[layer.function].apply


def work_of(layer: Layer) -> Work:
    """Return what a layer asks for, without computing it."""
    described = [Operand(shape, layer.dtype) for shape in layer.operands]
    with tracing() as traced:
        function_of(layer)(*described, **layer.parameters)
    problems = tuple(each.problem for each in traced)
    real = COMPLEX_WORK if dtypes.kind(layer.dtype) == "complex" else 1
    return Work(
        flops=2 * real * sum(problem.macs for problem in problems),
        min_bytes=sum(problem.min_bytes for problem in problems),
        problems=problems,
    )


def operands_of(layer: Layer) -> list[Array]:
    """Return random operands, the same in every process."""
    rng = np.random.default_rng(SEED)
    made = []
    for shape in layer.operands:
        if layer.dtype in dtypes.INTEGERS:
            lowest = 0 if np.dtype(layer.dtype).kind == "u" else -8
            values: Any = rng.integers(lowest, 8, shape)
        elif dtypes.kind(layer.dtype) == "complex":
            values = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        else:
            values = rng.standard_normal(shape)
        made.append(np.asarray(values).astype(layer.dtype))
    return made


def prepare(contestant: Contestant, layer: Layer, work: Work) -> Prepared:
    """Make the call by which `contestant` solves `layer`.

    A plan, where the contestant is one, is made here.

    Raises
    ------
    ArgumentError, BackendError, RefusedError
        If the layer cannot be called so, with the reason.
    """
    import numconv

    where = {"backend": contestant.backend, "algorithm": contestant.algorithm}
    chosen = [choose(problem, **where).algorithm for problem in work.problems]
    algorithm = " + ".join(dict.fromkeys(each.name for each in chosen))
    operands, parameters = operands_of(layer), layer.parameters
    if contestant.plan:
        free = _batched(work.problems)
        shapes = [array.shape for array in operands[:free]]
        given: dict[str, Any] = {"dtype": layer.dtype, **parameters, **where}
        plan = numconv.plan(layer.function, *shapes, *operands[free:], **given)
        return Prepared(lambda: plan(*operands[:free]), algorithm)
    by_name = contestant.algorithm != "auto" and chosen
    solver = chosen[0] if by_name else plugins.backends().get(contestant.backend)
    if isinstance(solver, Native):
        return Prepared(_native(solver, work, operands), algorithm)
    function = function_of(layer)
    return Prepared(lambda: function(*operands, **parameters, **where), algorithm)


def _batched(problems: Sequence[Any]) -> int:
    """Return how many operands, the first ones, are of each image: no weights of a layer."""
    if len(problems) != 1 or not has_field(problems[0], "batch"):
        return 1
    (problem,) = problems
    more = replace(problem, batch=problem.batch + 1).operand_shapes
    return sum(one != other for one, other in zip(problem.operand_shapes, more, strict=True))


def _native(solver: Native, work: Work, operands: list[Array]) -> Callable[[], Any]:
    if len(work.problems) != 1:
        raise RefusedError(f"the layer is made of {len(work.problems)} problems, not of one")
    problem = work.problems[0]
    shapes = problem.operand_shapes + problem.epilogue.shapes(problem.result_shape)
    plain = [array.reshape(shape) for array, shape in zip(operands, shapes, strict=True)]
    call: Callable[[], Any] = solver.native(problem, plain)
    return call
