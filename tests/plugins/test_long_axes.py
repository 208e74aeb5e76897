"""Long signals and taps far apart: plans take next to no memory and no time, results are right."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import dispatch, plugins
from numconv.core.problems import ConvolutionProblem

pytest.importorskip("numba", reason="Numba is not installed")

CPU = plugins.backend("cpu", "")
FAR = 2**24
SMALL = 10 * 2**20


def signal(
    samples: int, taps: int, stride: int = 1, dilation: int = 1, pad: int = 0, **rest: Any
) -> ConvolutionProblem:
    channels = rest.pop("channels", 1)
    return ConvolutionProblem(
        batch=1,
        in_channels=channels,
        out_channels=channels,
        input_shape=(samples,),
        kernel_shape=(taps,),
        stride=(stride,),
        dilation=(dilation,),
        padding=((pad, pad),),
        **rest,
    )


def taken(call: Callable[[], object]) -> int:
    """Return the most bytes that Python and NumPy allocate during a call."""
    call()  # imports, compiles
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LONG = {
    "plain": signal(2**31, 7),
    "stride": signal(2**31, 7, stride=1024),
    "dilation": signal(2**31, 7, dilation=1000, pad=3000),
    "channels": signal(2**31, 3, channels=32),
    "reflect": signal(2**31, 7, pad=3, padding_mode="reflect"),
    "gradient": signal(2**31, 7, stride=2, direction="input_gradient"),
    "gradient_channels": signal(2**31, 7, stride=2, channels=32, direction="input_gradient"),
    "gradient_circular": signal(
        2**31, 7, pad=3, padding_mode="circular", direction="input_gradient"
    ),
}


@pytest.mark.parametrize("problem", LONG.values(), ids=LONG)
def test_plans_do_not_grow_with_the_signal(problem: ConvolutionProblem) -> None:
    for algorithm in CPU.algorithms(problem):
        if algorithm.refusal(problem) is None:

            def plan(algorithm: Any = algorithm) -> None:
                algorithm.cost(problem)
                assert problem.terms > 0
                algorithm.plan(problem)

            assert taken(plan) < SMALL, algorithm.name


@pytest.mark.parametrize("algorithm", ["direct", "depthwise", "loops", "auto"])
@pytest.mark.parametrize("dilation", [FAR, 2**30])
def test_taps_that_meet_no_sample_take_no_memory(algorithm: str, dilation: int) -> None:
    x = np.arange(10, dtype=np.float32).reshape(1, 1, 10)
    weight = np.arange(1, 8, dtype=np.float32).reshape(1, 1, 7)

    def call() -> Any:
        options = {"dilation": dilation, "padding": 3 * dilation, "algorithm": algorithm}
        return numconv.conv1d(x, weight, **options)

    np.testing.assert_array_equal(call(), 4 * x)
    assert taken(call) < SMALL
    # They are multiplied all the same.
    weight[..., 0] = np.inf
    assert np.isnan(call()).all()


@pytest.mark.parametrize("algorithm", ["transposed", "scattered", "depthwise", "loops"])
def test_so_do_those_of_a_transposed_convolution(algorithm: str) -> None:
    y = np.arange(10, dtype=np.float32).reshape(1, 1, 10)
    weight = np.arange(1, 4, dtype=np.float32).reshape(1, 1, 3)
    options = {"dilation": FAR, "padding": FAR, "algorithm": algorithm}

    def call() -> Any:
        return numconv.conv_transpose1d(y, weight, **options)

    np.testing.assert_array_equal(call(), 2 * y)
    assert taken(call) < SMALL


def test_explanations_of_anything_are_at_hand() -> None:
    assert taken(lambda: numconv.explain("conv1d", (1, 1, 2**31), (1, 1, 7), stride=1024)) < SMALL
    assert taken(lambda: numconv.explain("conv1d", (1, 1, 10), (1, 1, 7), padding=2**40)) < SMALL


MANY_TAPS = {
    "plain": signal(64_050, 64_000),
    "strided": signal(64_050, 64_000, stride=3),
    "dilated": signal(128_050, 64_000, dilation=2),
    "apart": signal(64_050, 64_000, stride=70_000),
    "strict": signal(64_050, 64_000, accuracy="strict"),
    "gradient": signal(64_050, 64_000, direction="input_gradient"),
    "strided_gradient": signal(64_050, 64_000, stride=3, direction="input_gradient"),
}


@pytest.mark.parametrize("problem", MANY_TAPS.values(), ids=MANY_TAPS)
def test_many_taps_are_planned_at_once(problem: ConvolutionProblem) -> None:
    for algorithm in CPU.algorithms(problem):
        if algorithm.refusal(problem) is None:
            algorithm.plan(problem)
            start = time.process_time()
            algorithm.plan(problem)
            # It took minutes where the chains of `depthwise` were sought tap by tap.
            assert time.process_time() - start < 2, algorithm.name


def test_strides_of_many_remainders_are_refused() -> None:
    problem = signal(10**6, 7, stride=2000, direction="input_gradient")
    for algorithm in CPU.algorithms(problem):
        if algorithm.name in ("transposed", "scattered", "depthwise"):
            assert "1024" in str(algorithm.refusal(problem))


def test_new_lengths_and_shapes_leave_nothing_behind() -> None:
    dispatch.forget()
    x = np.ones((1, 2, 200_000), np.float32)
    weights = np.ones((2, 2, 7), np.float32), np.ones((2, 1, 7), np.float32)
    for length in range(100_000, 200_000, 10_007):
        samples = x[:, :, :length]
        numconv.conv1d(samples, weights[0])
        numconv.conv1d(samples, weights[1], groups=2)
        numconv.conv_transpose1d(samples, weights[0], stride=2)
        numconv.signal.convolve(samples[0, 0], weights[0][0, 0])
    assert len(dispatch._calls) >= 30
    assert dispatch.held_bytes() < 2**20
    numconv.release_memory()
    assert dispatch.held_bytes() == 0
