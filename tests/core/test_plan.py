"""Plans in the caller's hands: the same bits as the function, with the weight packed once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numconv

CASES: dict[str, Any] = {
    "conv2d": ((2, 5, 23, 21), (7, 5, 3, 3), {"padding": 1, "activation": "relu"}),
    "pointwise": ((1, 37, 19, 18), (23, 37, 1, 1), {}),
    "depthwise": ((1, 6, 31, 30), (6, 1, 3, 3), {"groups": 6, "padding": "same"}),
    "conv1d": ((3, 40), (5, 3, 9), {"stride": 2}),
    "conv_transpose2d": ((1, 6, 9, 11), (6, 5, 4, 4), {"stride": 2, "padding": 1}),
    "shuffled_conv2d": ((1, 6, 9, 11), (9, 2, 3, 3), {"groups": 3}),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("name", CASES)
def test_a_plan_equals_the_function_to_the_bit(name: str, dtype: str) -> None:
    x_shape, w_shape, parameters = CASES[name]
    function = name if name[-1] == "d" else "conv2d"
    rng = np.random.default_rng(17)
    x, weight = ((9 * rng.standard_normal(shape)).astype(dtype) for shape in (x_shape, w_shape))
    planned = numconv.plan(function, x_shape, weight, dtype=dtype, **parameters)
    expected = getattr(numconv, function)(x, weight, **parameters)
    for _ in range(2):
        got = planned(x)
        assert got.dtype == expected.dtype
        assert got.tobytes() == expected.tobytes()
    out = np.full_like(expected, 7)
    assert planned(x, out=out) is out
    assert out.tobytes() == expected.tobytes()


def test_a_plan_with_nothing_bound_takes_every_operand() -> None:
    rng = np.random.default_rng(18)
    x, kernels = rng.standard_normal((1, 4, 9, 8)), rng.standard_normal((1, 2, 3, 3, 9, 8))
    planned = numconv.plan("involution2d", x.shape, kernels.shape, dtype="float64", padding=1)
    expected = numconv.involution2d(x, kernels, padding=1)
    assert planned(x, kernels).tobytes() == expected.tobytes()


def test_a_plan_takes_its_bias() -> None:
    rng = np.random.default_rng(19)
    x, weight, bias = rng.standard_normal((1, 3, 9)), rng.standard_normal((2, 3, 3)), np.arange(2.0)
    got = numconv.plan("conv1d", x.shape, weight, bias=bias)(x)
    assert got.tobytes() == numconv.conv1d(x, weight, bias).tobytes()


def test_the_weight_is_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from numconv.core import dispatch

    packed = []
    original = dispatch.prepare

    def prepare(*args: Any) -> Any:
        call = original(*args)
        keep = call.plan.prepare
        monkeypatch.setattr(
            type(call.plan), "prepare", lambda self, weight: packed.append(1) or keep(weight)
        )
        return call

    monkeypatch.setattr(dispatch, "prepare", prepare)
    weight = np.ones((16, 16, 3, 3), "float32")
    planned = numconv.plan("conv2d", (1, 16, 30, 30), weight)
    for _ in range(3):
        planned(np.ones((1, 16, 30, 30), "float32"))
    assert len(packed) == 1


def test_x_is_read_anew_in_each_call() -> None:
    planned = numconv.plan("conv1d", (1, 1, 4), np.ones((1, 1, 2)))
    x = np.arange(4.0).reshape(1, 1, 4)
    assert planned(x).ravel().tolist() == [1, 3, 5]
    x += 1
    assert planned(x).ravel().tolist() == [3, 5, 7]


def test_a_plan_refuses_other_shapes_and_dtypes() -> None:
    planned = numconv.plan("conv1d", (1, 1, 4), np.ones((1, 1, 2)))
    with pytest.raises(numconv.ArgumentError, match=r"operands\[0\].*planned float64 array"):
        planned(np.ones((1, 1, 5)))
    with pytest.raises(numconv.ArgumentError, match="planned float64 array"):
        planned(np.ones((1, 1, 4), "float32"))
    with pytest.raises(numconv.ArgumentError, match="operands=2"):
        planned(np.ones((1, 1, 4)), np.ones((1, 1, 2)))


def test_a_weight_that_only_exports_its_memory_is_an_array() -> None:
    class Interface:
        def __init__(self, array: Any) -> None:
            self._kept, self.__array_interface__ = array, array.__array_interface__

    weight = np.ones((1, 1, 2))
    plan = numconv.plan("conv1d", (1, 1, 4), Interface(weight))
    assert plan(np.arange(4.0).reshape(1, 1, 4)).ravel().tolist() == [1, 3, 5]
    explained = numconv.explain("conv1d", (1, 1, 4), Interface(weight))
    assert explained.result_shape == (1, 1, 3)
