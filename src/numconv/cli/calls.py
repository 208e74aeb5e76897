"""Calls as the command line makes them: explained first, with usage errors in its own words."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import click
import numpy as np

from ..core.dispatch import Traced, tracing
from ..core.errors import ArgumentTypeError
from ..core.explanation import Explanation, explain
from ..core.protocol import Operand, Operator


def where(backend: str, algorithm: str) -> dict[str, str]:
    """Return the parameters that choose; composite operators have no algorithm of their own."""
    return {"backend": backend, **({} if algorithm == "auto" else {"algorithm": algorithm})}


def traced(
    operator: Operator, operands: Sequence[Operand], parameters: Mapping[str, Any]
) -> tuple[list[Traced], Operand]:
    """Return the problems that a call would solve, and what its result would be.

    Raises
    ------
    click.UsageError
        If the operator does not take one of the parameters.
    NumconvError
        As the call itself would.
    """
    described = {
        name: Operand(value.shape, value.dtype.name) if isinstance(value, np.ndarray) else value
        for name, value in parameters.items()
    }
    with tracing() as found:
        try:
            result = operator.apply(*operands, **described)
        except TypeError as error:
            if isinstance(error, ArgumentTypeError) or "keyword argument" not in str(error):
                raise
            name = str(error).rpartition("keyword argument")[2].split("'")[1]
            raise click.UsageError(f"operator {operator.name} has no parameter {name}") from None
    return found, result


def explained(
    operator: Operator, operands: Sequence[Operand], parameters: Mapping[str, Any]
) -> tuple[Explanation, tuple[str, ...]]:
    """Return what a call would do, and what the dispatcher warned of."""
    found, result = traced(operator, operands, parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        explanation = explain(found, result.shape)
    return explanation, tuple(dict.fromkeys(str(each.message) for each in caught))
