"""The operator: the function that a user calls, and what the command line knows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from numconv.plugin import (
    ArgumentTypeError,
    Array,
    Case,
    Demonstration,
    Operand,
    batched,
    per_axis,
    solve,
)

from .cases import CASES
from .problem import BilateralProblem
from .reference import naive


def problem(x: Operand, kernel_size: Any, sigma_space: Any, sigma_range: Any) -> BilateralProblem:
    """Return the problem of such a call, or raise for what does not fit."""
    given = batched(x, 2)
    return BilateralProblem(
        batch=given.shape[0],
        channels=given.shape[1],
        input_shape=given.shape[2:],
        kernel_shape=per_axis("kernel_size", kernel_size, 2, 1),
        sigma_space=_number("sigma_space", sigma_space),
        sigma_range=_number("sigma_range", sigma_range),
        dtype=x.dtype,
    )


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentTypeError(name, value, "a number") from None


def bilateral(
    x: Any,
    kernel_size: Any = 7,
    sigma_space: float = 2.0,
    sigma_range: float = 0.1,
    *,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    tune: bool = False,
) -> Any:
    """Average each pixel with those that are near to it in place and in colour.

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (C, H, W)
        Real. The channels of a pixel are its colour.
    kernel_size : int or tuple of int
        Odd, per axis, in pixels. What lies outside the image does not count.
    sigma_space : float
        The distance, in pixels, at which a pixel weighs ``exp(-1/2)``.
    sigma_range : float
        The difference in colour, in units of `x`, at which a pixel weighs ``exp(-1/2)``.
    out, backend, algorithm, tune
        As in `numconv.conv2d`.

    Returns
    -------
    array, of the shape of `x`

    Raises
    ------
    ArgumentError
        If an argument cannot be used; it says which, and what was expected.

    Notes
    -----
    The formula, and where it comes from, is in `BilateralProblem`.

    Examples
    --------
    An edge of height 1 stays, a ripple of height 0.1 does not:

    >>> import numpy as np
    >>> row = np.array([0.0, 0.1, 0.0, 0.1, 1.0, 1.1, 1.0, 1.1])
    >>> bilateral(row[None, None], (1, 5), sigma_space=9.0, sigma_range=0.2)[0, 0].round(2)
    array([0.03, 0.05, 0.05, 0.07, 1.03, 1.05, 1.05, 1.07])
    """
    # Everything after the first argument is kept with the plan: the same call again is a look-up.
    return solve(
        problem,
        (x,),
        (kernel_size, sigma_space, sigma_range),
        ("x",),
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )


class BilateralOperator:
    """What `numconv ops`, `run`, `explain` and `verify` ask: the members of `Operator`."""

    name = "bilateral"
    summary = "averages what is near in place and in colour"
    operands = ("x",)
    naive: Mapping[type, Callable[..., Array]] = MappingProxyType({BilateralProblem: naive})

    def apply(self, x: Any, **parameters: Any) -> Any:
        return bilateral(x, **parameters)

    def reference(self, x: Any, **parameters: Any) -> Any:
        return bilateral(x, **{**parameters, "backend": "reference", "algorithm": "auto"})

    def cases(self) -> Sequence[Case]:
        return CASES

    def demonstration(self, picture: Array) -> Demonstration:
        parameters = {"kernel_size": 13, "sigma_space": 4.0, "sigma_range": 0.2}
        caption = "what is alike is averaged over 13x13 pixels, what differs stays apart"
        return Demonstration((picture,), parameters, caption)


BILATERAL = BilateralOperator()
