"""The epilogue as a user of NumPy writes it: one operation after the other, in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numconv.core import activations
from numconv.core.protocol import Array


def finisher(problem: Any, *added: Array) -> Callable[[Array], Array]:
    """Return a function that applies the problem's epilogue to results that nobody else has."""
    rest, settings = list(added), problem.epilogue
    bias = rest.pop(0).reshape(-1, *[1] * problem.axes) if settings.bias else None
    residual = rest.pop(0) if settings.residual else None

    def finish(y: Array) -> Array:
        if bias is not None:
            y += bias
        if settings.shuffle > 1:
            batch, channels, *spatial = y.shape
            split = y.reshape(batch, settings.shuffle, channels // settings.shuffle, *spatial)
            y = split.swapaxes(1, 2).reshape(y.shape)
        if residual is not None:
            y += residual
        y = activations.apply(settings.activation, y)
        return y.astype(problem.result_dtype, copy=False)

    return finish
