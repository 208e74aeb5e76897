"""The fourth stage: the same bits, whatever does not belong to the problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...core import arrays, dispatch
from ...core.choice import Choice
from ...core.optional import Preparing, has_field
from ...core.protocol import Algorithm, Array
from ...core.threads import with_num_threads
from ..checks import accept, hold, same_bits, solve
from ..operands import fill_value, guarded, random_operands
from .law import Law, has_batch, has_outputs

ENOUGH_WORK = 300_000
"""Multiply-adds for which any backend will use its threads."""
_MOST_IMAGES = 64


def threads(problem: Any, algorithm: Algorithm) -> float:
    """The same bits for 1, 2 and 3 threads."""
    problem = _enlarged(problem, algorithm)
    operands = random_operands(problem, 9)
    # Three are three here, on fewer processors too.
    results = [with_num_threads(n, solve, problem, algorithm, operands) for n in (1, 2, 3)]
    for count, result in zip((2, 3), results[1:], strict=True):
        hold(same_bits(result, results[0]), f"{count} threads give other bits than 1")
    return 0.0


def _enlarged(problem: Any, algorithm: Algorithm) -> Any:
    """Return the problem with so many images that its work is worth sharing out."""
    if not has_field(problem, "batch") or problem.macs >= ENOUGH_WORK:
        return problem
    images = -(-ENOUGH_WORK * problem.batch // max(1, problem.macs))
    larger = replace(problem, batch=min(images, _MOST_IMAGES))
    return larger if algorithm.refusal(larger) is None else problem


def batch_position(problem: Any, algorithm: Algorithm) -> float:
    """The same bits for an image alone and at any place of a batch."""
    many, alone = replace(problem, batch=3), replace(problem, batch=1)
    accept(algorithm, many, "a batch of three")
    accept(algorithm, alone, "a batch of one")
    operands, of_one = random_operands(many, 10), random_operands(alone)
    together = solve(many, algorithm, operands)
    for n in range(3):
        image = [
            whole if whole.shape == part.shape else whole[n : n + 1].copy()
            for whole, part in zip(operands, of_one, strict=True)
        ]
        single = solve(alone, algorithm, image)
        hold(same_bits(single[0], together[n]), f"image {n} of 3 differs from itself alone")
    return 0.0


def address(problem: Any, algorithm: Algorithm) -> float:
    """The same bits wherever in memory operands and output lie, and from a packed weight."""
    operands, plan = random_operands(problem, 11), algorithm.plan(problem)
    first = solve(problem, algorithm, operands)
    for offset in (0, 1, 3):
        moved = [guarded(o, offset + i).array for i, o in enumerate(operands)]
        out = guarded(first, offset).array
        out[...] = fill_value(out.dtype)
        plan(*moved, out=out)
        hold(same_bits(out, first), f"other bits {offset} elements further on")
    if isinstance(plan, Preparing) and len(problem.operand_shapes) > 1:
        again = np.full_like(first, fill_value(first.dtype))
        plan(operands[0], plan.prepare(operands[1]), *operands[2:], out=again)
        hold(same_bits(again, first), "other bits from a prepared weight")
    return 0.0


def views(problem: Any, algorithm: Algorithm) -> float:
    """The same bits from any strided view of the same values, and into one."""
    operands = random_operands(problem, 12)
    first = solve(problem, algorithm, operands)
    call = dispatch.prepare(problem, None, Choice(_NOWHERE, algorithm, ""))
    for name, view in _VIEWS.items():
        seen = [view(operand) for operand in operands]
        got = dispatch.run(call, [arrays.plain(each) for each in seen], None, seen)
        hold(same_bits(got, first), f"other bits from operands that are {name}")
    around = np.full((*first.shape[:-1], 3 * first.shape[-1] + 2), 3, first.dtype)
    out = around[..., 1:-1:3]
    dispatch.run(call, operands, out, operands)
    hold(same_bits(np.ascontiguousarray(out), first), "other bits in an out with gaps")
    out[...] = 3
    hold(bool((around == 3).all()), "memory in the gaps of out is changed")
    return 0.0


_NOWHERE: Any = None


def _with_gaps(array: Array) -> Array:
    around = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    around[..., ::2] = array
    return around[..., ::2]


def _backwards(array: Array) -> Array:
    return np.ascontiguousarray(array[..., ::-1])[..., ::-1]


def _swapped(array: Array) -> Array:
    return array.astype(array.dtype.newbyteorder())


_VIEWS: dict[str, Callable[[Array], Array]] = {
    "every other element": _with_gaps,
    "backwards in memory": _backwards,
    "in Fortran's order": np.asfortranarray,
    "in the other byte order": _swapped,
}

LAWS = (
    Law("threads", "invariances", threads, has_outputs),
    Law("batch_position", "invariances", batch_position, has_batch),
    Law("address", "invariances", address, has_outputs),
    Law("views", "invariances", views, has_outputs),
)
