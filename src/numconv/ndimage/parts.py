"""One filter of real or complex arrays: what every function of the package comes down to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.memory import new_output
from ..core.operators import filter as operators
from ..core.protocol import Array
from .arguments import number, padding_mode
from .errors import UnsupportedError
from .output import Dtype, computed

Compute = Callable[[Array, Array | None, Any, Dtype, Array | None], Array]


def filtered(
    x: Array,
    weights: Array,
    mode: Any,
    cval: Any,
    origin: Any,
    sums: str,
    dtype: Dtype,
    out: Array | None = None,
) -> Array:
    """Return `x` correlated with `weights` of as many axes, as `FilterProblem` says, in `dtype`."""

    def compute(x: Array, weights: Any, cval: Any, dtype: Dtype, out: Array | None) -> Array:
        plain = np.asarray(weights, np.float64)
        return _solved(operators.correlate, x, plain, mode, cval, origin, sums, dtype, out)

    return _in_parts(compute, x, weights, cval, dtype, out)


def averaged(
    x: Array,
    size: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    dtype: Dtype,
    out: Array | None = None,
) -> Array:
    """Return the means of windows of `size` samples, per axis, in `dtype`."""

    def compute(x: Array, weights: Any, cval: Any, dtype: Dtype, out: Array | None) -> Array:
        return _solved(operators.mean, x, size, mode, cval, origin, None, dtype, out)

    return _in_parts(compute, x, None, cval, dtype, out)


def _solved(
    solve: Callable[..., Any],
    x: Array,
    second: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    sums: str | None,
    dtype: Dtype,
    out: Array | None,
) -> Array:
    kind, padding, fill = computed("input", x.dtype), padding_mode(mode), number("cval", cval)
    x = x.view(kind) if x.dtype == np.bool_ else x
    settings = (padding, fill, origin, computed("output", dtype), *((sums,) if sums else ()))
    if x.ndim > 0:
        return np.asarray(solve(x, second, *settings, out=out))
    second = second if second is None else np.reshape(second, 1)
    return np.asarray(solve(x.reshape(1), second, *settings)).reshape(())


def _in_parts(
    compute: Compute, x: Array, weights: Array | None, cval: Any, dtype: Dtype, out: Array | None
) -> Array:
    """Return what `compute` makes of `x` and `weights`, or of their real and imaginary parts."""
    mixed = weights is not None and weights.dtype.kind == "c"
    if x.dtype.kind != "c" and not mixed:
        return compute(x, weights, cval, dtype, out)
    if dtype.kind != "c":
        raise UnsupportedError("output", dtype, "a complex dtype")
    result = new_output(x.shape, dtype)()
    part = result.real.dtype
    if x.dtype.kind != "c":
        if np.iscomplexobj(cval):
            raise ArgumentError("cval", cval, "a real number, as input has")
        parts = [compute(x, each, cval, part, None) for each in _split(weights)]
    else:
        fills = (np.real(cval), np.imag(cval))
        if not mixed:
            parts = [
                compute(each, weights, fill, part, None)
                for each, fill in zip(_split(x), fills, strict=True)
            ]
        else:
            parts = _products(compute, _split(x), _split(weights), fills, part)
    result.real, result.imag = parts
    return result


def _products(
    compute: Compute, x: Any, weights: Any, fills: tuple[Any, Any], part: Dtype
) -> list[Array]:
    """Return the parts of the filter of complex samples with complex weights."""
    real = compute(x[0], weights[0], fills[0], part, None)
    real -= compute(x[1], weights[1], fills[1], x[1].dtype, None)
    imag = compute(x[0], weights[1], fills[0], part, None)
    imag += compute(x[1], weights[0], fills[1], x[1].dtype, None)
    return [real, imag]


def _split(values: Any) -> tuple[Array, Array]:
    return values.real, values.imag
