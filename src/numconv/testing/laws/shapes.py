"""The first stage: the contract's form, and exactly the output's elements."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np

from ...core.protocol import Algorithm
from ..checks import accept, hold, same_bits, solve
from ..operands import fill_values, guarded, random_operands
from .law import Law, always, has_batch


def contract(problem: Any, algorithm: Algorithm) -> float:
    """Name, refusal, cost and plan are what the protocol says they are."""
    hold(isinstance(algorithm.name, str) and algorithm.name, f"name is {algorithm.name!r}")
    hold(algorithm.refusal(problem) is None, "the same problem is accepted, then refused")
    cost = algorithm.cost(problem)
    hold(isfinite(cost) and cost >= 0, f"cost is {cost!r}, expected seconds")
    plan = algorithm.plan(problem)
    size = plan.workspace_bytes
    hold(int(size) == size and size >= 0, f"workspace_bytes is {size!r}, expected bytes")
    text = plan.describe()
    hold(isinstance(text, str) and text, f"describe() is {text!r}, expected words")
    return 0.0


def written(problem: Any, algorithm: Algorithm) -> float:
    """Every output is written; nothing around it, and no operand."""
    operands, plan = random_operands(problem, 8), algorithm.plan(problem)
    kept = [guarded(operand) for operand in operands]
    unwritten = np.ones(problem.result_shape, bool)
    for fill in fill_values(problem.result_dtype):
        room = guarded(np.full(problem.result_shape, fill, problem.result_dtype))
        plan(*(each.array for each in kept), out=room.array)
        unwritten &= np.isnan(room.array) if fill != fill else room.array == fill
        hold(not room.touched(), "memory around out is changed")
        if not unwritten.any():
            break
    count = int(unwritten.sum())
    first = tuple(np.argwhere(unwritten)[0].tolist()) if count else ()
    hold(
        not count,
        f"{count} of {unwritten.size} outputs are not written, or computed from memory that nobody "
        f"set, first at {first}",
    )
    for index, (each, operand) in enumerate(zip(kept, operands, strict=True)):
        hold(not each.touched(), f"memory around operand {index} is changed")
        hold(same_bits(each.array, operand), f"operand {index} is changed")
    return 0.0


def empty_batch(problem: Any, algorithm: Algorithm) -> float:
    """A batch of none gives a result of none, without complaint."""
    none = replace(problem, batch=0)
    accept(algorithm, none, "a batch of none")
    solve(none, algorithm, random_operands(none))
    return 0.0


LAWS = (
    Law("contract", "shapes", contract, always),
    Law("written", "shapes", written, always),
    Law("empty_batch", "shapes", empty_batch, has_batch),
)
