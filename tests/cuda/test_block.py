"""The involution block: its kernel on problems that no case of the operator comes down to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import dispatch, plugins
from numconv.core.problems import Epilogue, GeneratedInvolutionProblem
from numconv.core.protocol import Backend, Status
from numconv.testing import LAWS

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from numconv_cuda.involution.block import InvolutionBlock

ALGORITHM = InvolutionBlock(lambda: Interpreted())
WITHIN_BOUND = next(law for law in LAWS if law.name == "within_bound")


def image(
    size: tuple[int, int], kernel: tuple[int, int], stride: int = 1, **rest: Any
) -> GeneratedInvolutionProblem:
    """Return a problem of two groups of three channels, with biases and all else that is added."""
    given: dict[str, Any] = {"batch": 1, "channels": 6, "hidden_channels": 3, "groups": 2, **rest}
    return GeneratedInvolutionProblem(
        input_shape=size,
        kernel_shape=kernel,
        stride=(stride, stride),
        padding=tuple((k // 2, k // 2) for k in kernel),
        dilation=(1, 1),
        span_bias=True,
        epilogue=Epilogue(bias=True, residual=True),
        **given,
    )


PROBLEMS = {
    "span_bias": image((9, 7), (3, 3)),
    "more_than_two_tiles": image((13, 23), (3, 3), groups=1),
    "every_other_row": image((15, 13), (5, 5), stride=2, padding_mode="circular"),
    "features_in_rounds": image((6, 5), (3, 3), hidden_channels=35),
    "taps_in_rounds": image((11, 12), (9, 9), groups=1, padding_mode="reflect"),
    "channels_in_rounds": image((5, 6), (3, 3), channels=74),
    "both_in_rounds": image((11, 12), (8, 9), channels=17, groups=1),
    "float64": image((9, 8), (5, 5), dtype="float64"),
    "float16": image((9, 8), (7, 7), dtype="float16", padding_mode="symmetric"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_within_bound(name: str) -> None:
    assert ALGORITHM.refusal(PROBLEMS[name]) is None
    WITHIN_BOUND.check(PROBLEMS[name], ALGORITHM)


def test_what_is_refused() -> None:
    problem = PROBLEMS["span_bias"]
    tall = replace(problem, input_shape=(99, 7), kernel_shape=(57, 1), padding=((28, 28), (0, 0)))
    assert ALGORITHM.refusal(tall) == "takes kernels of up to 56 rows, not 57"
    many = replace(problem, batch=65_536)
    assert ALGORITHM.refusal(many) == "takes up to 65535 images and groups, not (65536, 2)"
    whole = replace(problem, dtype="complex64")
    assert ALGORITHM.refusal(whole) == "computes floating-point numbers, not complex64"


def test_the_plan_says_how_often_taps_are_made() -> None:
    once, often = (PROBLEMS[name] for name in ("span_bias", "taps_in_rounds"))
    assert "made 16 at a time in 1 rounds" in ALGORITHM.plan(once).describe()
    assert "made 32 at a time in 3 rounds" in ALGORITHM.plan(often).describe()


class OfKernels(Backend):
    """A backend that has nothing but this algorithm, for NumPy arrays."""

    name, device, priority = "interpreted", "cpu", 500

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> tuple[Any, ...]:
        return (ALGORITHM,) if isinstance(problem, GeneratedInvolutionProblem) else ()


def test_the_function_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"interpreted": OfKernels(), **plugins.backends()}
    monkeypatch.setattr(plugins, "backends", lambda: both)
    dispatch.forget()
    rng = np.random.default_rng(0)
    shapes = ((2, 6, 7, 9), (3, 6), (18, 3))
    x, reduce, span = (rng.standard_normal(shape).astype("float32") for shape in shapes)
    bias, parameters = np.linspace(-1, 1, 18).astype("float32"), {"kernel_size": 3, "stride": 2}
    stages = numconv.explain("involution_block2d", *shapes, **parameters).stages
    assert stages[-1].algorithm == "block"
    assert len(stages) == 2
    got = numconv.involution_block2d(x, reduce, span, span_bias=bias, **parameters)
    operator = plugins.operators()["involution_block"]
    due = operator.reference(x, reduce, span, span_bias=bias, **parameters)
    np.testing.assert_allclose(got, due, rtol=1e-4, atol=1e-5)
    dispatch.forget()
