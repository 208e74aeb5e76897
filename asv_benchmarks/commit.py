"""Runs benchmarks of this folder by name, with the numconv that it is started with."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from serving import fastest, serve


class Server:
    """Answers in the process of a `turns.Worker`."""

    _call: Callable[[], Any]

    def answer(self, question: Any) -> Any:
        """Return what the method gives that is asked for, with its arguments."""
        method, *arguments = question
        return {"prepare": self.prepare, "turn": self.turn}[method](*arguments)

    def prepare(self, name: str, index: int | None) -> bool:
        """Make a benchmark's call once; return whether the commit has it."""
        module, kind, method = name.split(".")
        made = getattr(importlib.import_module(f"benchmarks.{module}"), kind)()
        parameters = () if index is None else (made.params[0][index],)
        try:
            made.setup(*parameters)
        except NotImplementedError:
            return False
        self._call = lambda: getattr(made, method)(*parameters)
        self._call()
        return True

    def turn(self, seconds: float) -> float:
        """Return the seconds of the fastest call of a turn."""
        return fastest(self._call, seconds)


if __name__ == "__main__":
    serve(Server().answer)
