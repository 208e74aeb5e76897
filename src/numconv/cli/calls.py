"""Calls as the command line makes them: explained first, with usage errors in its own words."""

from __future__ import annotations

import re
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
            usage = None if isinstance(error, ArgumentTypeError) else _usage(operator, str(error))
            if usage is None:
                raise
            raise usage from None
    return found, result


def _usage(operator: Operator, message: str) -> click.UsageError | None:
    """Return the usage error that Python's message about a call's arguments comes down to."""
    named = re.search(r"'(\w+)'", message)
    if "unexpected keyword argument" in message and named:
        return click.UsageError(f"operator {operator.name} has no parameter {named[1]}")
    if "multiple values for argument" in message and named:
        return click.UsageError(f"{named[1]} is an operand of {operator.name}, not a parameter")
    if "required positional argument" in message:
        needed = ", ".join(operator.operands)
        return click.UsageError(
            f"operator {operator.name} on such an input lacks operands: {needed}"
        )
    return None


def explained(
    operator: Operator, operands: Sequence[Operand], parameters: Mapping[str, Any]
) -> tuple[Explanation, tuple[str, ...]]:
    """Return what a call would do, and what the dispatcher warned of."""
    found, result = traced(operator, operands, parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        explanation = explain(found, result.shape)
    return explanation, tuple(dict.fromkeys(str(each.message) for each in caught))
