"""Configurations that Hypothesis draws, against the naive reference."""

from __future__ import annotations

from math import prod
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from numconv.core.errors import ArgumentError
from numconv.core.geometry import PADDING_MODES
from numconv.core.problems import ConvolutionProblem, Epilogue, InvolutionProblem
from numconv.testing import LAWS, solvers

LARGEST = {1: 70, 2: 19, 3: 7}
WITHIN = next(law for law in LAWS if law.name == "within_bound")
DRAWN = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def geometry(draw: Any) -> dict[str, Any]:
    axes = draw(st.integers(1, 3))
    per_axis = lambda low, high: draw(st.tuples(*[st.integers(low, high)] * axes))  # noqa: E731
    widest = draw(st.integers(0, 4))
    return {
        "input_shape": per_axis(1, LARGEST[axes]),
        "kernel_shape": per_axis(1, {1: 11, 2: 5, 3: 3}[axes]),
        "stride": per_axis(1, 3),
        "padding": tuple(zip(per_axis(0, widest), per_axis(0, widest), strict=True)),
        "dilation": per_axis(1, 3),
        "padding_mode": draw(st.sampled_from(("zeros", *PADDING_MODES))),
        "batch": draw(st.integers(0, 3)),
        "dtype": draw(st.sampled_from(("float32", "float32", "float64", "float16", "int16"))),
    }


def made(kind: Any, **parameters: Any) -> Any:
    """Return the problem, or let another be drawn where these are no problem's parameters."""
    try:
        problem = kind(**parameters)
    except ArgumentError:
        assume(False)
    assume(prod(problem.result_shape[1:]) * problem.terms < 2_000_000)
    return problem


def epilogue(draw: Any, shuffles: tuple[int, ...] = (1,)) -> Epilogue:
    return Epilogue(
        bias=draw(st.booleans()),
        residual=draw(st.booleans()),
        activation=draw(st.sampled_from((None, "relu", "relu6"))),
        shuffle=draw(st.sampled_from(shuffles)),
    )


@st.composite
def convolutions(draw: Any) -> Any:
    groups = draw(st.sampled_from((1, 1, 2, 3, 7)))
    return made(
        ConvolutionProblem,
        **geometry(draw),
        in_channels=groups * draw(st.sampled_from((1, 2, 5, 11))),
        out_channels=groups * draw(st.sampled_from((1, 3, 8, 10))),
        groups=groups,
        direction=draw(st.sampled_from(("forward", "input_gradient"))),
        epilogue=epilogue(draw, (1, groups)),
    )


@st.composite
def involutions(draw: Any) -> Any:
    groups = draw(st.sampled_from((1, 2, 3)))
    channels = groups * draw(st.sampled_from((1, 2, 5, 16)))
    drawn = geometry(draw)
    return made(
        InvolutionProblem, **drawn, channels=channels, groups=groups, epilogue=epilogue(draw)
    )


def check(problem: Any) -> None:
    for solver, algorithm in solvers(problem):
        if not solver.startswith("reference-"):
            WITHIN.check(problem, algorithm)


@DRAWN
@given(convolutions())
def test_every_algorithm_on_drawn_convolutions(problem: Any) -> None:
    check(problem)


@DRAWN
@given(involutions())
def test_every_algorithm_on_drawn_involutions(problem: Any) -> None:
    check(problem)
