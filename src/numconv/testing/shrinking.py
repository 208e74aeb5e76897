"""The smallest problem on which something still goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from typing import Any

from ..core.errors import ArgumentError

BUDGET_SECONDS = 3.0


def shrink(problem: Any, fails: Callable[[Any], bool], seconds: float = BUDGET_SECONDS) -> Any:
    """Return the smallest problem found on which `fails` is true, `problem` at worst.

    Each field in turn is set to its default, halved or lessened, for as long as that fails too
    and time is left.
    """
    deadline = time.monotonic() + seconds
    while True:
        for smaller in _smaller(problem):
            if time.monotonic() > deadline:
                return problem
            if fails(smaller):
                problem = smaller
                break
        else:
            return problem


def _smaller(problem: Any) -> Iterator[Any]:
    """Yield problems one step smaller, those that leave the most out first."""
    for changed in _changes(problem):
        try:
            yield replace(problem, **changed)
        except ArgumentError:
            continue


def _changes(problem: Any) -> Iterator[dict[str, Any]]:
    held = {each.name: getattr(problem, each.name) for each in fields(problem)}
    for each in fields(problem):
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if default is not MISSING and held[each.name] != default:
            yield {each.name: default}
    if "epilogue" in held:
        for part in fields(held["epilogue"]):
            if getattr(held["epilogue"], part.name) != part.default:
                yield {"epilogue": replace(held["epilogue"], **{part.name: part.default})}
    yield from _fewer_axes(held)
    numbers = {name: value for name, value in held.items() if type(value) is int}
    yield from _fewer_groups(numbers)
    for value in sorted(set(numbers.values()), reverse=True):
        alike = [name for name, number in numbers.items() if number == value]
        others = [number for number in numbers.values() if 1 < number < value]
        for less in dict.fromkeys((*_less(value, 1), *others)):
            if len(alike) > 1:
                yield dict.fromkeys(alike, less)
            yield from ({name: less} for name in alike)
    for name, value in held.items():
        if isinstance(value, tuple):
            yield from ({name: less} for less in _lessened(value))


def _fewer_axes(held: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the problem without one of its axes, where every tuple has an entry for each."""
    tuples = {name: value for name, value in held.items() if isinstance(value, tuple)}
    lengths = {len(value) for value in tuples.values()}
    if len(lengths) == 1 and (axes := lengths.pop()) > 1:
        for axis in range(axes):
            yield {name: value[:axis] + value[axis + 1 :] for name, value in tuples.items()}


def _fewer_groups(numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield fewer groups, with as many channels in each as before."""
    groups = numbers.get("groups", 1)
    for less in _less(groups, 1):
        yield {
            n: v // groups * less for n, v in numbers.items() if n != "batch" and v % groups == 0
        }


def _lessened(value: tuple[Any, ...], least: int = 1) -> Iterator[tuple[Any, ...]]:
    """Yield the tuple with one entry less; pairs, which are paddings, go down to 0."""
    for place, entry in enumerate(value):
        entries: Iterator[Any] = (
            _lessened(entry, 0) if isinstance(entry, tuple) else _less(entry, least)
        )
        for less in entries:
            yield (*value[:place], less, *value[place + 1 :])


def _less(value: int, least: int) -> Iterator[int]:
    for each in dict.fromkeys((least, value // 2, value - 1)):
        if least <= each < value:
            yield each
