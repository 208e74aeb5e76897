"""The fourth stage, of a backend: which of its algorithms is taken."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

from ...core.choice import choose
from ...core.errors import RefusedError
from ...core.protocol import Algorithm, Backend, Plan
from ...core.threads import with_num_threads
from ..checks import hold
from .law import Law, always, has_batch

BATCHES = (1, 2, 3, 8, 64, 512)
THREADS = (1, 2, 3, 8, 64)
"""Nothing is computed, so that these may be more than there are."""


class Auto(Algorithm):
    """What ``algorithm="auto"`` is of one backend: each time the algorithm that is chosen."""

    name = "auto"

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def chosen(self, problem: Any) -> Algorithm:
        """Return the algorithm that solves `problem`."""
        return choose(problem, self._backend.name).algorithm

    def refusal(self, problem: Any) -> str | None:
        try:
            self.chosen(problem)
        except RefusedError as error:
            return str(error)
        return None

    def cost(self, problem: Any) -> float:
        return self.chosen(problem).cost(problem)

    def plan(self, problem: Any) -> Plan:
        return self.chosen(problem).plan(problem)


def choice(problem: Any, auto: Any) -> float:
    """The same algorithm is chosen, so that bits are the same, for any batch and any threads."""
    batches = BATCHES if has_batch(problem) else (None,)
    first = ""
    for batch, threads in product(batches, THREADS):
        varied = problem if batch is None else replace(problem, batch=batch)
        if auto.refusal(varied) is not None:
            continue
        name = with_num_threads(threads, auto.chosen, varied).name
        here = f"{name!r} for {_counted(batch, 'image')}{_counted(threads, 'thread')}"
        first = first or here
        hold(first.startswith(repr(name)), f"chosen is {first}, but {here}")
    return 0.0


def _counted(number: int | None, what: str) -> str:
    if number is None:
        return ""
    with_what = f"{number} {what}{'s' * (number != 1)}"
    return with_what + (" and " if what == "image" else "")


LAWS = (Law("choice", "invariances", choice, always),)
