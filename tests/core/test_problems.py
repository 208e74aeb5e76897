"""What a problem says of itself: shapes, terms, multiply-adds and bytes, counted by hand."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest

from numconv import ArgumentError
from numconv.core import dispatch
from numconv.core.operators.plugin import numconv_operators
from numconv.core.problems import (
    ConvolutionProblem,
    Epilogue,
    FilterProblem,
    InvolutionProblem,
)
from numconv.testing import named_problems

PROBLEM = ConvolutionProblem(
    batch=2,
    in_channels=6,
    out_channels=4,
    input_shape=(10, 9),
    kernel_shape=(3, 2),
    stride=(2, 1),
    padding=((1, 1), (0, 2)),
    dilation=(1, 3),
    groups=2,
)
INVOLUTION = InvolutionProblem(
    batch=2,
    channels=6,
    input_shape=(10, 9),
    kernel_shape=(3, 3),
    stride=(2, 2),
    padding=((1, 1), (1, 1)),
    dilation=(1, 1),
    groups=3,
)


def test_convolution_shapes() -> None:
    assert PROBLEM.output_shape == (5, 8)
    assert PROBLEM.operand_shapes == ((2, 6, 10, 9), (4, 3, 3, 2))
    assert PROBLEM.result_shape == (2, 4, 5, 8)
    gradient = replace(PROBLEM, direction="input_gradient")
    assert gradient.operand_shapes == ((2, 4, 5, 8), (4, 3, 3, 2))
    assert gradient.result_shape == (2, 6, 10, 9)


def test_convolution_macs_and_bytes() -> None:
    assert PROBLEM.macs == 2 * 4 * 5 * 8 * 3 * 3 * 2
    assert replace(PROBLEM, direction="input_gradient").macs == PROBLEM.macs
    floats = 2 * 6 * 10 * 9 + 4 * 3 * 3 * 2 + 2 * 4 * 5 * 8
    assert PROBLEM.min_bytes == 4 * floats
    whole = replace(PROBLEM, epilogue=Epilogue(bias=True, residual=True))
    assert whole.min_bytes == 4 * (floats + 4 + 2 * 4 * 5 * 8)
    assert replace(PROBLEM, dtype="float64").min_bytes == 8 * floats


def test_involution_shapes_macs_and_bytes() -> None:
    assert INVOLUTION.output_shape == (5, 5)
    assert INVOLUTION.operand_shapes == ((2, 6, 10, 9), (2, 3, 3, 3, 5, 5))
    assert INVOLUTION.macs == 2 * 6 * 5 * 5 * 9
    assert INVOLUTION.min_bytes == 4 * (2 * 6 * 90 + 2 * 3 * 9 * 25 + 2 * 6 * 25)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64"])
def test_integers_give_int64(dtype: str) -> None:
    assert replace(PROBLEM, dtype=dtype).result_dtype == "int64"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_others_give_what_they_are(dtype: str) -> None:
    assert replace(PROBLEM, dtype=dtype).result_dtype == dtype


@pytest.mark.parametrize("each", named_problems(), ids=lambda each: each.case)
def test_terms_is_the_most_products_of_an_output(each: Any) -> None:
    varied: dict[str, Any] = {"dtype": "int64", "batch": 1, "epilogue": Epilogue()}
    known = {field.name for field in fields(each.problem)}
    problem = replace(each.problem, **{name: varied[name] for name in known & set(varied)})
    naive = next(o.naive[type(problem)] for o in numconv_operators() if type(problem) in o.naive)
    ones = [np.ones(shape, "int64") for shape in problem.operand_shapes]
    most = int(naive(problem, *ones).max(initial=0))
    assert most <= problem.terms


def test_a_problem_is_frozen_and_hashable() -> None:
    assert hash(PROBLEM) == hash(replace(PROBLEM))
    assert replace(PROBLEM) == PROBLEM
    assert replace(PROBLEM, dtype="float64") != PROBLEM
    with pytest.raises(FrozenInstanceError):
        PROBLEM.batch = 3  # type: ignore[misc]


@pytest.mark.parametrize("operator", numconv_operators(), ids=lambda operator: operator.name)
def test_tracing_gives_the_shape_that_computing_gives(operator: Any) -> None:
    for case in operator.cases():
        with dispatch.tracing() as traced:
            described = operator.apply(*case.operands, **case.parameters)
        arrays = [np.ones(each.shape, each.dtype) for each in case.operands]
        computed = operator.reference(*arrays, **case.parameters)
        assert (described.shape, described.dtype) == (computed.shape, computed.dtype.name)
        assert len(traced) == 1


def test_the_epilogue_says_where_a_channel_goes() -> None:
    assert [Epilogue(shuffle=2).destination(c, 6) for c in range(6)] == [0, 2, 4, 1, 3, 5]
    assert [Epilogue().destination(c, 3) for c in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("direction", "banana"), ("direction", None), ("batch", -1), ("batch", 2.0)),
        *(("batch", True), ("in_channels", 6.0), ("groups", np.int64(2)), ("groups", "2")),
        *(("input_shape", [10, 9]), ("input_shape", (10,)), ("input_shape", (10, 9, 8, 7))),
        *(("kernel_shape", (3, 2.0)), ("stride", (0, 1)), ("stride", 2), ("stride", (2,))),
        *(("dilation", (1, -3)), ("padding", ((1, 1),)), ("padding", (1, 1))),
        *(("padding", ((1, 1), (0, 2.5))), ("padding_mode", "mirror"), ("padding_mode", None)),
        *(("dtype", "float8"), ("accuracy", "exact"), ("epilogue", None), ("epilogue", "relu")),
    ],
    ids=str,
)
def test_every_field_of_a_problem_is_checked(field: str, value: Any) -> None:
    with pytest.raises(ArgumentError) as raised:
        replace(PROBLEM, **{field: value})
    assert raised.value.argument in (field, "kernel_shape" if field == "input_shape" else field)


@pytest.mark.parametrize(
    ("field", "value"),
    [("direction", "input_gradient"), ("channels", 6.0), ("stride", (2,)), ("batch", None)],
    ids=str,
)
def test_every_field_of_an_involution_is_checked(field: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match=field):
        replace(INVOLUTION, **{field: value})


@pytest.mark.parametrize(
    "parts",
    [{"bias": 1}, {"residual": None}, {"shuffle": 0}, {"shuffle": 2.0}, {"activation": "sine"}],
    ids=str,
)
def test_every_part_of_an_epilogue_is_checked(parts: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(parts))):
        replace(PROBLEM, epilogue=Epilogue(**parts))


def test_features_are_what_a_solver_must_know_of() -> None:
    assert PROBLEM.features == {
        *("problem=ConvolutionProblem", "dtype=float32", "direction=forward"),
        *("padding_mode=zeros", "accuracy=standard"),
    }
    whole = Epilogue(bias=True, residual=True, activation="relu", shuffle=2)
    more = replace(PROBLEM, padding_mode="reflect", accuracy="strict", epilogue=whole).features
    assert more - PROBLEM.features == {
        *("padding_mode=reflect", "accuracy=strict", "epilogue:bias", "epilogue:residual"),
        *("epilogue:activation=relu", "epilogue:shuffle"),
    }
    assert "problem=InvolutionProblem" in INVOLUTION.features
    filtered = FilterProblem((5, 6), (1, 3), ((0, 0), (1, 1)), ("zeros", "reflect"), sums="pairs")
    assert {"padding_mode=reflect", "sums=pairs", "result_dtype=float64"} <= filtered.features
