"""The problems that a command is about: those of suites, or of a call in so many words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from ..benchmarking import suites
from ..benchmarking.calls import work_of
from ..core.protocol import Operand, Operator
from . import calls, printing


@dataclass(frozen=True)
class Named:
    """A problem, and what the user calls it."""

    name: str
    problem: Any


def of_suites(names: Sequence[str], dtype: str | None = None) -> list[Named]:
    """Return the problems of every layer, each once; `dtype` is in place of the layers' own.

    Raises
    ------
    click.UsageError
        If there is no such suite, or a file holds none.
    NumconvError
        If a layer cannot be called.
    """
    found: dict[Any, str] = {}
    for name in names:
        try:
            suite = suites.load(name)
        except suites.SuiteError as error:
            raise click.UsageError(str(error)) from None
        for layer in suite.layers:
            layer = layer if dtype is None else replace(layer, dtype=dtype)
            label = layer.name if len(names) == 1 else f"{suite.name}: {layer.name}"
            _add(found, label, work_of(layer).problems)
    return _named(found)


def of_call(
    operator: Operator, operands: Sequence[Operand], parameters: Mapping[str, Any]
) -> list[Named]:
    """Return the problems of one call, in its order."""
    traced, _ = calls.traced(operator, operands, parameters)
    found: dict[Any, str] = {}
    label = f"{operator.name} {printing.shape(operands[0].shape)}"
    _add(found, label, (each.problem for each in traced))
    return _named(found)


def _add(found: dict[Any, str], label: str, problems: Iterable[Any]) -> None:
    every = list(problems)
    for stage, problem in enumerate(every, 1):
        found.setdefault(problem, label if len(every) == 1 else f"{label}, stage {stage}")


def _named(found: Mapping[Any, str]) -> list[Named]:
    return [Named(name, problem) for problem, name in found.items()]
