"""The problems of the operators' named cases, and the naive reference of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..core import dispatch, plugins, reference
from ..core.protocol import Array


@dataclass(frozen=True)
class NamedProblem:
    """A problem that a named case of an operator comes down to."""

    operator: str
    case: str
    problem: Any


def named_problems() -> list[NamedProblem]:
    """Return the problems of every named case of every operator, each problem once.

    An operator made of others gives one for each of its stages, numbered from 0.
    """
    found: dict[Any, NamedProblem] = {}
    for operator in plugins.operators().values():
        for case in operator.cases():
            with dispatch.tracing() as traced:
                operator.apply(*case.operands, **case.parameters)
            for stage, each in enumerate(traced):
                name = case.name if len(traced) == 1 else f"{case.name}_{stage}"
                found.setdefault(each.problem, NamedProblem(operator.name, name, each.problem))
    return list(found.values())


def naive_reference(problem: Any) -> Callable[..., Array]:
    """Return the naive reference that an operator gives for this type of problem."""
    compute = reference.naive_reference(plugins.operators().values(), type(problem))
    if compute is None:
        raise LookupError(f"no operator defines a {type(problem).__name__}")
    return compute
