"""The layer's values, worked out without it, and what a user meets besides."""

from __future__ import annotations

import doctest
from dataclasses import replace
from typing import Any

import numconv
import numpy as np
import pytest
from numconv.plugin import Operand, faults, operators
from numpy.typing import NDArray

from numconv_unshared import UnsharedProblem, unshared
from numconv_unshared import operator as module
from numconv_unshared.reference import naive

BACKENDS = ("reference", "unshared-cpu")
Array = NDArray[Any]


def integers(*shape: int, dtype: str = "float64") -> Array:
    """Return small whole numbers: their sums are exact in any order."""
    return np.random.default_rng(len(shape)).integers(-4, 5, shape).astype(dtype)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_the_formula(backend: str) -> None:
    x, weight, offset = integers(2, 3, 6, 7), integers(4, 3, 2, 3, 3, 8), integers(4, 3, 8)
    expected = np.zeros((2, 4, 3, 8))
    for n, co, oy, ox in np.ndindex(expected.shape):
        expected[n, co, oy, ox] = offset[co, oy, ox]
        for ci, ky, kx in np.ndindex(3, 2, 3):
            iy, ix = oy * 2 + ky - 0, ox * 1 + kx - 2
            if 0 <= iy < 6 and 0 <= ix < 7:
                expected[n, co, oy, ox] += weight[co, ci, ky, kx, oy, ox] * x[n, ci, iy, ix]
    parameters: dict[str, Any] = {"stride": (2, 1), "padding": ((0, 1), (2, 1))}
    got = unshared(x, weight, **parameters, offset=offset, backend=backend)
    assert np.array_equal(got, expected)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("parameters", [{}, {"padding": 2}, {"stride": 2, "padding": "same"}])
def test_with_one_kernel_for_all_positions_it_is_a_convolution(
    backend: str, parameters: dict[str, Any]
) -> None:
    x, kernel = integers(2, 3, 9, 8, dtype="float32"), integers(4, 3, 3, 3, dtype="float32")
    expected = numconv.conv2d(x, kernel, **parameters)
    shape = (*kernel.shape, *expected.shape[2:])
    weight = np.broadcast_to(kernel[..., None, None], shape)
    assert np.array_equal(unshared(x, weight, **parameters, backend=backend), expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_position_has_its_own_weights_and_its_own_offset(backend: str) -> None:
    x, weight, offset = integers(2, 2, 6, 5), integers(3, 2, 3, 3, 4, 3), integers(3, 4, 3)
    before = unshared(x, weight, offset=offset, backend=backend)
    weight[1, :, :, :, 2, 1] = 0
    after = unshared(x, weight, offset=offset, backend=backend)
    assert (after[:, 1, 2, 1] == offset[1, 2, 1]).all()
    after[:, 1, 2, 1] = before[:, 1, 2, 1]
    assert np.array_equal(after, before)


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_an_offset_zeros_are_added(backend: str) -> None:
    x, weight = integers(3, 8, 9), integers(5, 3, 3, 3, 6, 7)
    with_zeros = unshared(x, weight, offset=np.zeros((5, 6, 7)), backend=backend)
    without = unshared(x, weight, backend=backend)
    assert without.shape == (5, 6, 7)
    assert np.array_equal(without, with_zeros)


def test_the_input_gradient_of_an_output_is_its_weights() -> None:
    forward = UnsharedProblem(1, 2, 3, (6, 5), (3, 2), (1, 1), ((0, 0), (0, 0)), dtype="float64")
    gradient = forward.adjoint(0)
    assert gradient is not None
    assert gradient.adjoint(0) == forward
    y, weight = np.zeros(forward.result_shape), integers(*forward.weight_shape)
    y[0, 1, 2, 3] = 1
    expected = np.zeros(gradient.result_shape)
    expected[0, :, 2:5, 3:5] = weight[1, :, :, :, 2, 3]
    assert np.array_equal(naive(gradient, y, weight), expected)


def test_with_an_offset_it_is_not_linear_and_has_no_adjoint() -> None:
    shape = (1, 2, 3, (6, 5), (3, 2), (1, 1), ((0, 0), (0, 0)))
    problem = UnsharedProblem(*shape, offset=True)
    assert problem.linear_in == ()
    assert problem.adjoint(0) is None
    with pytest.raises(numconv.ArgumentError, match="offset=True: expected False for the input"):
        UnsharedProblem(*shape, offset=True, direction="input_gradient")


@pytest.mark.parametrize("name", ["input_shape", "kernel_shape", "stride", "padding"])
def test_a_problem_has_two_axes(name: str) -> None:
    right = UnsharedProblem(1, 2, 3, (6, 5), (3, 2), (1, 1), ((0, 0), (0, 0)))
    with pytest.raises(numconv.ArgumentError, match=f"{name}=.*: expected one for each of 2 axes"):
        replace(right, **{name: getattr(right, name)[:1]})


def test_auto_takes_the_backend_that_came_with_the_operator() -> None:
    x, weight, offset = (1, 8, 20, 20), (4, 8, 3, 3, 18, 18), (4, 18, 18)
    for shapes in ((x, weight), (x, weight, offset)):
        stage = numconv.explain("unshared", *shapes).stages[0]
        assert (stage.backend, stage.algorithm) == ("unshared-cpu", "rows")


def test_what_the_algorithm_refuses_falls_to_the_reference_with_a_warning() -> None:
    x, weight = integers(1, 3, 5, 5, dtype="float16"), integers(2, 3, 3, 3, 3, 3, dtype="float16")
    with pytest.warns(numconv.PerformanceWarning):
        assert unshared(x, weight).dtype == np.float16
    with pytest.raises(numconv.RefusedError, match="float32 and float64, not float16"):
        unshared(x, weight, backend="unshared-cpu")


def test_numconv_offers_the_operator() -> None:
    assert operators()["unshared"] is module.UNSHARED
    assert not [fault for fault in faults() if "unshared" in fault.plugin]


@pytest.mark.parametrize("shape", [(1, 8, 20, 20), (8, 20, 20)])
def test_its_example_is_a_call(shape: tuple[int, ...]) -> None:
    usual = module.UNSHARED.example(Operand(shape, "float32"), 2)
    assert [each.shape for each in usual.operands] == [shape, (8, 8, 3, 3, 18, 18)]
    said = {"kernel": (5, 1), "out_channels": 4, "stride": 2, "padding": (2, 0)}
    chosen = module.UNSHARED.example(Operand(shape, "float64"), 2, **said)
    assert chosen.parameters == {"stride": 2, "padding": (2, 0)}
    arrays = [np.zeros(each.shape, each.dtype) for each in chosen.operands]
    result = module.UNSHARED.apply(*arrays, **chosen.parameters)
    assert result.shape == (*shape[:-3], 4, 10, 10)


@pytest.mark.parametrize(
    ("shape", "axes", "chosen", "message"),
    [
        ((1, 8, 20), 1, {}, r"x=\(1, 8, 20\): expected 2 spatial axes, not 1"),
        ((1, 8, 2, 2), 2, {}, r"x=\(2, 2\): expected at least the kernel's \(3, 3\)"),
        ((1, 8, 9, 9), 2, {"out_channels": 0}, r"weight=\(0, 8, 3, 3, 7, 7\): expected a shape"),
        ((1, 8, 9, 9), 2, {"kernel": (3, 0)}, "kernel=0: expected an integer of at least 1"),
    ],
)
def test_there_is_not_an_example_of_everything(
    shape: tuple[int, ...], axes: int, chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(numconv.ArgumentError, match=message):
        module.UNSHARED.example(Operand(shape, "float32"), axes, **chosen)


def test_its_demonstration_is_even_up_to_the_edges_and_small() -> None:
    shown = module.UNSHARED.demonstration(np.full((3, 300, 451), 0.5, np.float32))
    assert sum(each.nbytes for each in shown.arrays) < 100e6
    result = module.UNSHARED.apply(*shown.arrays, **shown.parameters)
    assert result.shape == shown.arrays[0].shape
    np.testing.assert_allclose(result, 0.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((5, 5))}, r"x=\(5, 5\): expected \(N, C, H, W\) or \(C, H, W\)"),
        ({"x": np.zeros((1, 0, 5, 5))}, r"weight=\(2, 0, 3, 3, 3, 3\): expected a shape without"),
        ({"x": np.zeros((1, 3, 5, 5), np.int32)}, "x='int32': expected dtype float16"),
        ({"weight": np.zeros((2, 3, 3, 3))}, r"weight=\(2, 3, 3, 3\): expected 6 axes"),
        ({"weight": np.zeros((2, 3, 3, 3, 9, 9))}, r"expected shape \(2, 3, 3, 3, 3, 3\), \(C_out"),
        ({"weight": np.zeros((2, 3, 3, 3, 3, 3), "f4")}, "expected dtype float64, as x has"),
        ({"weight": np.zeros((2, 3, 6, 6, 1, 1))}, r"x=\(5, 5\): expected at least the kernel's"),
        ({"weight": None}, "^weight="),
        ({"offset": np.zeros(2)}, r"offset=\(2,\): expected shape \(2, 3, 3\), one value for each"),
        ({"offset": np.zeros((2, 3, 3), "f4")}, "offset='float32': expected dtype float64"),
        ({"stride": 0}, "stride=0: expected an integer of at least 1"),
        ({"stride": (1, 1, 1)}, r"stride=\(1, 1, 1\): expected an integer or 2"),
        ({"padding": -1}, "padding=-1: expected a non-negative"),
    ],
)
def test_a_bad_argument_is_named(change: dict[str, Any], message: str) -> None:
    right = {"x": np.zeros((1, 3, 5, 5)), "weight": np.zeros((2, 3, 3, 3, 3, 3))}
    with pytest.raises(numconv.ArgumentError, match=message):
        unshared(**{**right, **change})


def test_the_docstrings_examples() -> None:
    failed, attempted = doctest.testmod(module)
    assert failed == 0 < attempted
