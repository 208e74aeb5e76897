"""Share of the measured peak that each operator reaches, for each backend that measures its peak.

The peak is measured in turn with the layer, so that what neighbours on the machine take away is
taken from both.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import Any

from .layers import SELECTED
from .subjects import AUTO, Subject, identifier, problem_of, ready_backends, warm_call

_ROUNDS = 15
_TURN_SECONDS = 0.01

_LAYERS = {
    label: layer
    for operator, layers in SELECTED.items()
    if operator != "large"
    for label, layer in list(layers.items())[:1]
}


class _Share:
    """Tracks the share of one backend's peak."""

    version = "1"
    unit = "percent of the peak"
    param_names = ("layer",)
    params = (list(_LAYERS),)

    backend = ""

    def setup(self, layer: str) -> None:
        ready = {each.name: each for each in ready_backends()}
        measurable = ready.get(self.backend)
        if not hasattr(measurable, "roof"):
            raise NotImplementedError(f"this commit does not measure the peak of {self.backend!r}")
        self._measurable = measurable
        self._macs = problem_of(_LAYERS[layer]).macs
        self._call = warm_call(_LAYERS[layer], Subject(self.backend, AUTO.algorithm))

    def track_share(self, layer: str) -> float:
        dtype = _LAYERS[layer].dtype
        shares = []
        for _ in range(_ROUNDS):
            peak = self._measurable.roof(dtype).flops
            shares.append(2 * self._macs / self._fastest() / peak)
        return 100 * median(shares)

    def _fastest(self) -> float:
        """Return the time of the fastest call of a turn."""
        times: list[float] = []
        while sum(times) < _TURN_SECONDS:
            begin = perf_counter()
            self._call()
            times.append(perf_counter() - begin)
        return min(times)


def _benchmark(backend: str) -> type:
    doc = f"Share of the peak of {backend}."
    members: dict[str, Any] = {"backend": backend, "__module__": __name__, "__doc__": doc}
    return type(f"of_{identifier(backend)}", (_Share,), members)


def __getattr__(name: str) -> type:
    """Stand in for a backend that another commit has: its benchmark is n/a, not an error."""
    if not name.startswith("of_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _benchmark(name.removeprefix("of_"))


for _backend in ready_backends():
    if hasattr(_backend, "roof"):
        _made = _benchmark(_backend.name)
        globals()[_made.__name__] = _made
