"""What a call costs besides the arithmetic. A thousand calls are timed: milliseconds read as µs.

asv sets up before every sample and then makes one call only, too short to be timed by itself.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

_CALLS = range(1000)


class _Small:
    """A 3x3 convolution of 16x16 pixels; what is warm stays so from sample to sample."""

    version = "1"
    number = 1
    repeat = (10, 100, 0.5)
    rounds = 2
    warmup_time = 0.05

    _ready = False

    def setup(self) -> None:
        if self._ready:
            return
        self._x = np.ones((1, 1, 16, 16), np.float32)
        self._weight = np.ones((1, 1, 3, 3), np.float32)
        self._out = np.empty((1, 1, 14, 14), np.float32)
        self._prepare()
        self._ready = True

    def _prepare(self) -> None:
        raise NotImplementedError


class Calls(_Small):
    """Calls of `conv2d`."""

    def _prepare(self) -> None:
        import numconv

        self._conv2d = numconv.conv2d
        self._conv2d(self._x, self._weight)

    def time_thousand_calls(self) -> None:
        for _ in _CALLS:
            self._conv2d(self._x, self._weight)


class Dispatch(_Small):
    """Calls of `conv2d` with a backend that computes nothing: the dispatcher, and its look-up."""

    def _prepare(self) -> None:
        import numconv

        _install_idle_backend()
        self._conv2d = numconv.conv2d
        self._conv2d(self._x, self._weight, backend="idle")

    def time_thousand_calls(self) -> None:
        for _ in _CALLS:
            self._conv2d(self._x, self._weight, backend="idle")

    def time_thousand_plan_lookups(self) -> None:
        for _ in _CALLS:
            self._conv2d(self._x, self._weight, backend="idle", out=self._out)


class Plans(_Small):
    """Plans in the caller's hands."""

    def _prepare(self) -> None:
        import numconv

        if not hasattr(numconv, "plan"):
            raise NotImplementedError("this commit has no plan")
        self._make = numconv.plan
        self._plan = self._make("conv2d", self._x.shape, self._weight)
        self._plan(self._x, out=self._out)

    def time_thousand_calls(self) -> None:
        for _ in _CALLS:
            self._plan(self._x, out=self._out)

    def time_ten_plans(self) -> None:
        for _ in range(10):
            self._make("conv2d", self._x.shape, self._weight)


class _IdlePlan:
    """Computes nothing."""

    workspace_bytes = 0

    def __call__(self, *arrays: Any, out: Any) -> None:
        pass

    def describe(self) -> str:
        return "nothing"


def _install_idle_backend() -> None:
    """Add a backend that computes nothing, so that all that is left of a call is numconv's own."""
    try:
        from numconv.core import plugins
        from numconv.core.protocol import Status

        backends = plugins.registry().backends
    except (ImportError, AttributeError) as error:
        raise NotImplementedError("this commit has another registry") from error
    algorithm = SimpleNamespace(
        name="idle",
        refusal=lambda problem: None,
        cost=lambda problem: 0.0,
        plan=lambda problem: _IdlePlan(),
    )
    backends["idle"] = SimpleNamespace(
        name="idle",
        device="cpu",
        priority=-1,
        status=lambda: Status("ready"),
        algorithms=lambda problem: (algorithm,),
    )
