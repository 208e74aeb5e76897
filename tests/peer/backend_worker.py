"""Solves problems with the backend `torch`, in a process of its own.

Called as ``python -W error backend_worker.py``; prints one JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import numconv
from numconv.core import plugins
from numconv.core.activations import ACTIVATIONS
from numconv.core.bound import bound
from numconv.core.dispatch import tracing
from numconv.core.problems import Epilogue
from numconv.core.protocol import Operand
from numconv.testing import naive_reference, named_problems, random_operands

BACKEND: Any = plugins.backends()["torch"]
ADDED = (
    ("bias", Epilogue(bias=True)),
    ("residual", Epilogue(residual=True)),
    *((name, Epilogue(bias=True, residual=True, activation=name)) for name in ACTIVATIONS),
)
ADDED_TO = ("two_groups", "output_padding", "involution_3x3", "float16")
ASYMMETRIC = {
    "more_before": {"padding": ((3, 0), (2, 1))},
    "more_after": {"padding": ((0, 2), (1, 3)), "stride": 2},
    "grown": {"padding": ((2, 0), (0, 1)), "stride": 3, "output_padding": 2},
}


def problems() -> Iterator[tuple[str, Any]]:
    """Yield every named problem, some with each epilogue, and paddings that PyTorch lacks."""
    for each in named_problems():
        if not BACKEND.algorithms(each.problem):
            continue
        yield f"{each.operator}-{each.case}", each.problem
        if each.case in ADDED_TO:
            for name, added in ADDED:
                problem = replace(each.problem, epilogue=added)
                yield f"{each.operator}-{each.case}+{name}", problem
        if each.case == "int8":
            relu = Epilogue(bias=True, residual=True, activation="relu6")
            yield f"{each.operator}-{each.case}+relu6", replace(each.problem, epilogue=relu)
        if each.case == "shuffled_3_groups":
            both = replace(each.problem.epilogue, residual=True, bias=True, activation="relu")
            yield f"{each.operator}-{each.case}+all", replace(each.problem, epilogue=both)
    for name, parameters in ASYMMETRIC.items():
        with tracing() as traced:
            operands = Operand((1, 4, 6, 5), "float32"), Operand((4, 3, 3, 4), "float32")
            numconv.conv_transpose2d(*operands, **parameters)
        yield f"transposed-{name}", traced[0].problem


def solve(problem: Any) -> dict[str, Any]:
    """Return the refusal, or the largest error as a fraction of the bound."""
    (algorithm,) = BACKEND.algorithms(problem)
    refusal = algorithm.refusal(problem)
    if refusal is not None:
        return {"refusal": refusal}
    operands = random_operands(problem)
    got = np.full(problem.result_shape, -77, problem.result_dtype)
    plan = algorithm.plan(problem)
    plan(*operands, out=got)
    compute = naive_reference(problem)
    error = np.abs(got - compute(problem, *operands))
    allowed = bound(problem, compute, *operands)
    exact = np.divide(error, allowed, out=np.zeros(error.shape), where=error > 0)
    native = BACKEND.native(problem, operands)
    first, second = native(), native()
    return {
        "algorithm": algorithm.name,
        "described": plan.describe(),
        "workspace": plan.workspace_bytes,
        "fraction": float(exact.max(initial=0.0)),
        "native_is_equal": all(np.array_equal(each.numpy(), got) for each in (first, second)),
        "native_is_new": first.data_ptr() != second.data_ptr() or got.size == 0,
    }


def threads() -> list[int]:
    """Return how many threads PyTorch has after calls with one and with two."""
    import torch

    x, weight = np.ones((1, 1, 8, 8), "float32"), np.ones((1, 1, 3, 3), "float32")
    x.flags.writeable = False
    seen = []
    for count in (1, 2):
        numconv.set_num_threads(count)
        numconv.conv2d(x, weight, backend="torch")
        seen.append(torch.get_num_threads())
    return seen


def main() -> None:
    found = {name: solve(problem) for name, problem in problems()}
    print(json.dumps({"solved": found, "threads": threads()}))


if __name__ == "__main__":
    main()
