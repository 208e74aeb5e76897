"""Calls with `Operand` in place of arrays: the problems that they would solve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from .places import HOST_DEVICE
from .protocol import Problem


@dataclass(frozen=True)
class Traced:
    """A problem that a call would solve."""

    problem: Problem
    backend: str
    algorithm: str


@dataclass(frozen=True)
class Trace:
    """What was traced, and where the arrays would lie."""

    found: list[Traced]
    device: str = HOST_DEVICE
    at_once: bool = False


_current: ContextVar[Trace | None] = ContextVar("numconv_trace", default=None)


def trace() -> Trace:
    """Return what traced problems are collected in; nobody looks at it outside of `tracing`."""
    return _current.get() or Trace([])


@contextmanager
def tracing(device: str = HOST_DEVICE, *, at_once: bool = False) -> Iterator[list[Traced]]:
    """Collect the problems that calls with `Operand` in place of arrays would solve.

    Parameters
    ----------
    device : str
        In whose memory the arrays would lie.
    at_once : bool
        Whether what some backend might solve as one problem is one, whoever is there.
    """
    made = Trace([], device, at_once)
    token = _current.set(made)
    try:
        yield made.found
    finally:
        _current.reset(token)
