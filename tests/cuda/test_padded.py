"""`padded`, where the laws do not look: refusals, memory, and values that only sums make finite."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from numconv.core.problems import ConvolutionProblem
from numconv.testing import LAWS

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from numconv_cuda.array import DeviceArray
from numconv_cuda.convolution.direct import Direct
from numconv_cuda.convolution.padded import Padded


class Dirty(Interpreted):
    """A device whose memory holds what nobody may use."""

    def empty(self, shape: Any, dtype: Any, stream: int = 0) -> DeviceArray:
        return self.wrap(np.full(shape, np.nan, dtype))


DEVICE = Dirty()
PADDED = Padded(lambda: DEVICE, [Direct(lambda: DEVICE)])
# More channels than a thread has, and a last block that lacks some.
PROBLEM = ConvolutionProblem(
    batch=2,
    in_channels=6,
    out_channels=5,
    input_shape=(7,),
    kernel_shape=(3,),
    stride=(2,),
    padding=((3, 1),),
    dilation=(2,),
    padding_mode="symmetric",
)
GRADIENT = replace(PROBLEM, direction="input_gradient")
CROPPED: dict[str, Any] = {"padding": ((4, -2),), "padding_mode": "replicate"}


@pytest.mark.parametrize("law", ["written", "epilogue", "non_finite", "denormals"])
def test_a_folded_gradient_of_half_precision_keeps(law: str) -> None:
    check = next(each.check for each in LAWS if each.name == law)
    check(replace(GRADIENT, dtype="float16"), PADDED)


@pytest.mark.parametrize("problem", [PROBLEM, GRADIENT], ids=["forward", "gradient"])
def test_cropped(problem: ConvolutionProblem) -> None:
    check = next(each.check for each in LAWS if each.name == "within_bound")
    check(replace(problem, **CROPPED), PADDED)


def test_the_gradient_of_a_copy_may_be_larger_than_any_result() -> None:
    problem = replace(
        GRADIENT,
        batch=1,
        in_channels=1,
        out_channels=1,
        input_shape=(3,),
        kernel_shape=(1,),
        stride=(1,),
        padding=((1, 0),),
        padding_mode="replicate",
        dtype="float16",
    )
    y = np.array([[[60000, -59968, 1, 2]]], "float16")
    weight, out = np.full((1, 1, 1), 2, "float16"), np.empty((1, 1, 3), "float16")
    PADDED.plan(problem)(y, weight, out=out)
    assert out.ravel().tolist() == [64, 2, 4]


@pytest.mark.parametrize(
    ("problem", "elements", "width"),
    [
        (PROBLEM, 2 * 6 * 11, 4),
        (GRADIENT, 2 * 6 * 11, 4),
        (replace(PROBLEM, dtype="float16"), 2 * 6 * 11, 2),
        # The padded gradient, and both operands, in float32.
        (replace(GRADIENT, dtype="float16"), 2 * 6 * 11 + 2 * 5 * 4 + 5 * 6 * 3, 4),
    ],
    ids=["forward", "gradient", "half", "half_gradient"],
)
def test_workspace(problem: ConvolutionProblem, elements: int, width: int) -> None:
    assert PADDED.plan(problem).workspace_bytes == elements * width


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"padding_mode": "zeros"}, "a padding mode other than zeros"),
        ({"padding": ((0, -1),)}, "a padding mode other than zeros"),
        ({"dtype": "int8"}, "hands over to direct, which computes floating-point numbers"),
        ({"batch": 2**16}, "up to 65535 images and channels"),
        ({"input_shape": (2**30,)}, "up to 536870912 samples"),
    ],
)
def test_refusals(change: dict[str, Any], reason: str) -> None:
    for problem in (PROBLEM, GRADIENT):
        assert reason in str(PADDED.refusal(replace(problem, **change)))


def test_the_cheapest_of_those_that_do_not_refuse_is_taken() -> None:
    class Dear(Direct):
        def cost(self, problem: ConvolutionProblem) -> float:
            return 1.0

    class Cheap(Direct):
        def refusal(self, problem: ConvolutionProblem) -> str | None:
            return "never" if problem.direction == "forward" else None

        def cost(self, problem: ConvolutionProblem) -> float:
            return 0.0

    padded = Padded(lambda: DEVICE, [Dear(lambda: DEVICE), Cheap(lambda: DEVICE)])
    assert padded.refusal(PROBLEM) is None
    assert padded.cost(GRADIENT) < 1 < padded.cost(PROBLEM)
