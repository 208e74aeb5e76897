"""What is measured: the calls of numconv as it is installed, by backend and algorithm."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

# The last resort does about 10^9 multiply-adds a second: more would take the time of all others.
_PATIENCE_MACS = 2e8


@dataclass(frozen=True)
class Subject:
    """An algorithm of a backend, or the dispatcher's own choice."""

    backend: str
    algorithm: str

    @property
    def name(self) -> str:
        """What stands for it in a benchmark's name."""
        return identifier(*dict.fromkeys((self.backend, self.algorithm)))


def identifier(*words: str) -> str:
    """Join words to a part of an identifier: asv gives dots and minus signs a meaning."""
    return re.sub(r"\W", "_", "_".join(words))


AUTO = Subject("auto", "auto")


def ready_backends() -> list[Any]:
    """Return the backends that are ready and meant to be used; plugins come in by themselves.

    A commit without today's registry has none.
    """
    try:
        from numconv.core import plugins

        found = plugins.backends().values()
    except (ImportError, AttributeError):
        return []
    meant = [each for each in found if each.name != "reference" and each.priority >= 0]
    return [each for each in meant if _ready(each)]


def _ready(backend: Any) -> bool:
    # A stranger's broken plugin must not take the benchmarks of the others with it.
    try:
        return bool(backend.status().state == "ready")
    except Exception:
        return False


def subjects(layers: Iterable[Any]) -> list[Subject]:
    """Return who solves at least one of the layers, the dispatcher's own choice first."""
    found = {AUTO: None}
    for layer in layers:
        problem = problem_of(layer)
        for backend in ready_backends() if problem is not None else ():
            try:
                for algorithm in backend.algorithms(problem):
                    if algorithm.refusal(problem) is None:
                        found[Subject(backend.name, algorithm.name)] = None
            except Exception as error:
                print(f"{backend.name} is left out: {error!r}", file=sys.stderr)
    return list(found)


def problem_of(layer: Any) -> Any:
    """Return the problem of a layer, or None where this commit cannot tell it."""
    try:
        import numconv
        from numconv.core.dispatch import tracing
        from numconv.core.protocol import Operand

        function = function_of(layer)
    except (ImportError, NotImplementedError):
        return None
    described = [Operand(shape, layer.dtype) for shape in layer.operands]
    with suppress(numconv.NumconvError), tracing() as traced:
        function(*described, **layer.parameters)
        return traced[0].problem
    return None


def operands(layer: Any) -> list[np.ndarray]:
    """Return arrays for a layer, the same at every commit."""
    generator = np.random.default_rng(0)
    if np.dtype(layer.dtype).kind in "iu":
        return [generator.integers(0, 100, shape, layer.dtype) for shape in layer.operands]
    # Drawn in single precision, for a wider copy would count as memory of the layer.
    drawn = (generator.standard_normal(shape, np.float32) for shape in layer.operands)
    return [array.astype(layer.dtype, copy=False) for array in drawn]


def function_of(layer: Any) -> Callable[..., Any]:
    """Return the function of numconv that a layer calls.

    Raises
    ------
    NotImplementedError
        If this commit lacks it, or one of its parameters: asv then writes n/a.
    """
    import numconv

    function: Callable[..., Any] | None = getattr(numconv, layer.function, None)
    if function is None:
        raise NotImplementedError(f"this commit has no {layer.function}")
    try:
        inspect.signature(function).bind(*layer.operands, **layer.parameters)
    except TypeError as error:
        raise NotImplementedError(f"this commit's {layer.function}: {error}") from error
    return function


def warm_call(layer: Any, subject: Subject = AUTO) -> Callable[[], Any]:
    """Return the call of a layer, compiled and called once.

    Raises
    ------
    NotImplementedError
        If this commit lacks the function, or the algorithm is not there or refuses: asv then
        writes n/a.
    """
    import numconv

    function = function_of(layer)
    _spare(layer, subject)
    arrays, parameters = operands(layer), dict(layer.parameters)
    if subject != AUTO:
        parameters.update(backend=subject.backend, algorithm=subject.algorithm)

    def call() -> Any:
        return function(*arrays, **parameters)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except numconv.NumconvError as error:
        raise NotImplementedError(str(error)) from error
    return call


def _spare(layer: Any, subject: Subject) -> None:
    """Refuse what would run for too long."""
    problem = problem_of(layer) if subject != AUTO else None
    if problem is None or problem.macs <= _PATIENCE_MACS:
        return
    for backend in ready_backends():
        for algorithm in backend.algorithms(problem) if backend.name == subject.backend else ():
            if algorithm.name == subject.algorithm and getattr(algorithm, "last_resort", False):
                raise NotImplementedError(f"{subject.name} would take too long")
