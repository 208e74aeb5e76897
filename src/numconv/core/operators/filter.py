"""Filters of arrays of any rank: weights that slide along the axes, and means of windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import dispatch
from ..errors import ArgumentError, ArgumentTypeError
from ..geometry import per_axis, source_index
from ..problems import FilterProblem
from ..problems.filter import FILTERED, NEGLIGIBLE
from ..protocol import Array, Case, Demonstration, Operand, Shape
from . import demonstrations, examples
from .examples import ByExamples, Examples


def problem(
    x: Operand,
    weights: Operand,
    padding_modes: Any,
    fill: float,
    origin: Any,
    result_dtype: str | None,
    sums: str,
) -> FilterProblem:
    """Return the filter of such operands, or raise for what does not fit."""
    if weights.ndim != x.ndim:
        raise ArgumentError("weights", weights.shape, f"{x.ndim} axes, as x has")
    return _problem(x, weights.shape, padding_modes, fill, origin, result_dtype, sums)


def mean_problem(
    x: Operand, size: Any, padding_modes: Any, fill: float, origin: Any, result_dtype: str | None
) -> FilterProblem:
    """Return the means of windows of `size` samples, per axis, of which one may be more than 1."""
    sizes = per_axis("size", size, x.ndim, 1)
    return _problem(x, sizes, padding_modes, fill, origin, result_dtype, "mean")


def _problem(
    x: Operand,
    kernel: Shape,
    padding_modes: Any,
    fill: float,
    origin: Any,
    result_dtype: str | None,
    sums: str,
) -> FilterProblem:
    if x.dtype not in FILTERED:
        raise ArgumentTypeError("x", x.dtype, "dtype " + ", ".join(FILTERED))
    modes = (padding_modes,) * x.ndim if isinstance(padding_modes, str) else tuple(padding_modes)
    lows = []
    for taps, shift in zip(kernel, _origins(origin, x.ndim), strict=True):
        low = taps // 2 + shift
        if not 0 <= low < max(taps, 1):
            expected = f"from {-(taps // 2)} to {(taps - 1) // 2} for {taps} taps"
            raise ArgumentError("origin", origin, expected)
        lows.append(low)
    return FilterProblem(
        input_shape=x.shape,
        kernel_shape=kernel,
        padding=tuple((low, taps - 1 - low) for low, taps in zip(lows, kernel, strict=True)),
        padding_modes=modes,
        fill=float(fill),
        dtype=x.dtype,
        result_dtype=result_dtype or x.dtype,
        sums=sums,
    )


def _origins(origin: Any, axes: int) -> tuple[int, ...]:
    return per_axis("origin", origin, axes, -(2**62))


def correlate(
    x: Any,
    weights: Any,
    padding_modes: Any = "symmetric",
    fill: float = 0.0,
    origin: Any = 0,
    result_dtype: str | None = None,
    sums: str = "products",
    *,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    tune: bool = False,
) -> Any:
    """Sum the products of `weights`, of as many axes as `x`, with `x` around each sample.

    Tap ``taps // 2 + origin`` of an axis lies on the sample; the rest is as in `FilterProblem`.
    """
    return dispatch.solve(
        problem,
        (x, _wide(weights)),
        (padding_modes, fill, origin, result_dtype, sums),
        ("x", "weights"),
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )


def _wide(weights: Any) -> Any:
    """Return weights as float64; they are few."""
    if isinstance(weights, Operand):
        return Operand(weights.shape, "float64")
    array = np.asarray(weights)
    if array.dtype.kind not in "biuf":
        raise ArgumentTypeError("weights", array.dtype, "a real dtype")
    return array.astype(np.float64, copy=False)


def mean(
    x: Any,
    size: Any = 1,
    padding_modes: Any = "symmetric",
    fill: float = 0.0,
    origin: Any = 0,
    result_dtype: str | None = None,
    *,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    tune: bool = False,
) -> Any:
    """Take the mean of `size` samples around each, along the one axis where that is more than 1."""
    return dispatch.solve(
        mean_problem,
        (x,),
        (size, padding_modes, fill, origin, result_dtype),
        ("x",),
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )


def reference(problem: FilterProblem, x: Array, weight: Array | None = None) -> Array:
    """Compute a filter by definition, one tap at a time, in the order that it prescribes."""
    padded = _padded(problem, x.astype("float64"))
    with np.errstate(invalid="ignore", over="ignore"):
        if weight is None:
            wide = sum(_window(problem, padded.astype("longdouble"), k) for k in _taps(problem))
            return stored(np.asarray(wide / problem.terms, "float64"), problem.result_dtype)
        if problem.sums == "pairs":
            return stored(_sum_of_pairs(problem, padded, weight.ravel()), problem.result_dtype)
        y = np.zeros(problem.result_shape)
        for tap in _taps(problem):
            if abs(weight[tap]) > NEGLIGIBLE:
                y += weight[tap] * _window(problem, padded, tap)
        return stored(y, problem.result_dtype)


def _padded(problem: FilterProblem, x: Array) -> Array:
    for axis, (mode, (lo, hi)) in enumerate(
        zip(problem.padding_modes, problem.padding, strict=True)
    ):
        if x.size == 0:
            return np.zeros([n + k - 1 for n, k in zip(x.shape, problem.kernel_shape, strict=True)])
        source = source_index(x.shape[axis], lo, hi, mode)
        inside = (source >= 0).reshape([-1 if each == axis else 1 for each in range(x.ndim)])
        x = np.where(inside, x.take(source, axis), problem.fill)
    return x


def _taps(problem: FilterProblem) -> list[Shape]:
    return list(np.ndindex(*problem.kernel_shape))


def _window(problem: FilterProblem, padded: Array, tap: Shape) -> Array:
    """Return the samples that `tap` of every output reads."""
    ranges = zip(tap, problem.input_shape, strict=True)
    return np.asarray(padded[tuple(slice(k, k + n) for k, n in ranges)])


def _sum_of_pairs(problem: FilterProblem, padded: Array, weight: Array) -> Array:
    window = [_window(problem, padded, tap) for tap in _taps(problem)]
    last, middle = len(weight) - 1, len(weight) // 2
    for sign in (1, -1):
        near = ~(abs(weight[:middle] - sign * weight[:middle:-1]) > NEGLIGIBLE)
        if last % 2 == 0 and near.all():
            y = window[middle] * weight[middle]
            for k in range(middle):
                y += (window[k] + sign * window[last - k]) * weight[k]
            return np.asarray(y)
    y = window[last] * weight[last]
    for k in range(last):
        y += window[k] * weight[k]
    return np.asarray(y)


def stored(values: Array, dtype: str) -> Array:
    """Return float64 values in `dtype`, as C converts them on x86.

    A fraction is cut off, towards zero. What an integer cannot hold counts modulo its range as
    long as int32 holds it, for those of up to 16 bits, or int64, for uint32 and uint64; else as
    the least value of that wider integer. uint64 has 0 for what is 2**64 or more.

    >>> import numpy as np
    >>> from numconv.core.operators.filter import stored
    >>> stored(np.array([-1.5, 2.9, 300.7, np.nan]), "uint8").tolist()
    [255, 2, 44, 0]
    """
    if np.dtype(dtype).kind == "f":
        with np.errstate(over="ignore"):
            return np.asarray(values.astype(dtype))
    wide = np.int32 if np.dtype(dtype).itemsize <= 2 or dtype == "int32" else np.int64
    limit = -float(np.iinfo(wide).min)
    high = (values >= limit) & (dtype == "uint64")
    values = np.where(high, values - limit, values)
    fits = np.abs(np.trunc(values)) < limit
    whole: Array = np.where(fits, values, -limit).astype(wide).astype(dtype)
    return whole ^ (high.astype("uint64") << 63) if dtype == "uint64" else whole


@dataclass(frozen=True)
class FilterOperator(ByExamples):
    """A filter with weights, or the mean."""

    name: str
    summary: str
    operands: tuple[str, ...]
    apply: Callable[..., Any]
    show: Callable[[Array], Demonstration]
    examples: Examples
    naive: Mapping[type, Callable[..., Array]] = field(
        default_factory=lambda: {FilterProblem: reference}
    )

    def reference(self, *arrays: Any, **parameters: Any) -> Any:
        return self.apply(*arrays, **{**parameters, "backend": "reference"})

    def cases(self) -> Sequence[Case]:
        from .filter_cases import FILTER_CASES

        return FILTER_CASES[self.name]

    def demonstration(self, picture: Array) -> Demonstration:
        return self.show(picture)


FILTERS = (
    FilterOperator(
        "filter",
        "weights slide along any axes of an array of any rank",
        ("x", "weights"),
        correlate,
        demonstrations.embossed,
        Examples(examples.slid),
    ),
    FilterOperator(
        "window_mean",
        "the mean of a window along one axis",
        ("x",),
        mean,
        demonstrations.streaked,
        Examples(examples.nothing),
    ),
)
