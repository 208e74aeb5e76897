"""`fft`: its own error bound, and what it computes by definition or hands over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core.problems import ConvolutionProblem
from numconv.core.threads import get_num_threads, set_num_threads
from numconv.testing.checks import same_bits, solve
from numconv.testing.operands import random_operands
from numconv_cpu.algorithms import ALGORITHMS
from numconv_cpu.algorithms.fft import Fft
from numconv_cpu.algorithms.fft.cases import convolution
from numconv_cpu.algorithms.fourier.twiddles import order, radices

FACTOR = 2.0


def error(problem: Any, x: Any, weight: Any) -> float:
    """Return the largest error as a fraction of what `Fft` states."""
    wide = replace(problem, dtype="float64")
    spatial = tuple(range(1, weight.ndim))
    largest = np.abs(weight).max(spatial, keepdims=True) * np.ones_like(weight)
    exact = solve(wide, _named("direct"), [x.astype("f8"), weight.astype("f8")])
    size = solve(wide, _named("direct"), [np.abs(x).astype("f8"), largest.astype("f8")])
    eps = np.finfo(problem.dtype).eps
    allowed = FACTOR * (problem.terms + 2) * eps * size + np.finfo(problem.dtype).tiny
    got = solve(problem, Fft(), [x, weight])
    return float((np.abs(got - exact) / allowed).max())


@pytest.mark.parametrize("problem", [convolution((60, 70), (9, 11)), convolution((3000,), (99,))])
@pytest.mark.parametrize(
    "name", ["noise", "positive", "steep", "islands", "spike", "tiny", "signs", "waves"]
)
def test_error_is_within_what_is_stated(name: str, problem: ConvolutionProblem) -> None:
    rng = np.random.default_rng(1)
    x, weight = (rng.standard_normal(shape) for shape in problem.operand_shapes)
    along = np.arange(x.shape[-1])
    if name == "positive":
        x, weight = np.abs(x), np.abs(weight)
    elif name == "steep":
        x *= 2.0 ** (along % 40)
    elif name == "islands":
        x *= rng.random(x.shape) < 0.001
    elif name == "spike":
        x.flat[x.size // 3] = 1e12
    elif name == "tiny":
        x[..., x.shape[-1] // 2 :] *= 1e-9
    elif name == "signs":
        x, weight = np.abs(x) * (-1.0) ** along, np.sign(weight)
    elif name == "waves":
        x, weight = np.ones_like(x) * np.cos(along), np.ones_like(weight)
    assert error(problem, x.astype(problem.dtype), weight.astype(problem.dtype)) <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e16, 3e38])
def test_a_huge_sample_changes_no_other_image(value: float) -> None:
    problem = convolution((30, 31), (9, 8), batch=3)
    x, weight = random_operands(problem)
    even = solve(problem, Fft(), [x, weight])
    x[1, 0, 14, 5] = value
    with np.errstate(invalid="ignore", over="ignore"):
        got = solve(problem, Fft(), [x, weight])
    assert same_bits(got[[0, 2]], even[[0, 2]])
    assert np.isfinite(got[1, 0, :, 15:]).all()


@pytest.mark.parametrize("change", ["delta", "nan", "inf", "huge", "tiny", "one_large"])
@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
def test_unfit_weights_are_handed_over(change: str, direction: Any) -> None:
    problem = convolution((16, 17), (8, 9), 2, 2, direction=direction)
    x, weight = random_operands(problem)
    if change == "delta":
        weight[...] = 0
        weight[[0, 1], [0, 1], 1, 2] = 1
    elif change in ("huge", "tiny"):
        weight *= weight.dtype.type(1e30 if change == "huge" else 1e-36)
    else:
        weight[1, 0, 1, 2] = {"nan": np.nan, "inf": np.inf, "one_large": 1e6}[change]
    exact = solve(
        problem, _named("direct" if direction == "forward" else "transposed"), [x, weight]
    )
    plan = Fft().plan(problem)
    for given in (weight, plan.prepare(weight)):
        out = np.full(problem.result_shape, np.nan, problem.dtype)
        plan(x, given, out=out)
        assert same_bits(out, exact)


def test_what_sees_only_zeros_is_zero() -> None:
    problem = convolution((40, 41), (9, 9))
    x, weight = random_operands(problem)
    x[..., 20:] = 0
    out = solve(problem, Fft(), [x, weight])
    assert not out[..., 24:].any()
    assert not same_bits(out, solve(problem, _named("direct"), [x, weight]))


def test_bits_do_not_depend_on_how_the_work_is_shared_out() -> None:
    problem = convolution((201, 190), (12, 13), 2, 3)
    x, weight = random_operands(problem)
    before, results = get_num_threads(), []
    try:
        for threads in (1, 2, 3, 7):
            set_num_threads(threads)
            results.append(solve(problem, Fft(), [x, weight]))
            many = replace(problem, batch=4)
            batch = solve(many, Fft(), [np.repeat(x, 4, axis=0), weight])
            results += [image[None] for image in batch]
    finally:
        set_num_threads(before)
    assert all(same_bits(each, results[0]) for each in results)


def test_it_is_chosen_for_large_kernels_unless_accuracy_is_strict() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 1, 600, 700)).astype("f4")
    weight = rng.standard_normal((1, 1, 31, 31)).astype("f4")
    explained = numconv.explain("conv2d", x.shape, weight.shape, padding="same")
    assert explained.stages[0].algorithm == "fft"
    with pytest.raises(numconv.RefusedError, match="strict"):
        numconv.conv2d(x, weight, algorithm="fft", accuracy="strict")
    fast = numconv.conv2d(x, weight, padding="same")
    strict = numconv.conv2d(x, weight, padding="same", accuracy="strict")
    np.testing.assert_allclose(fast, strict, rtol=0, atol=1e-5 * np.abs(strict).max())
    assert not same_bits(strict, fast)


@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
@pytest.mark.parametrize("kernel", [9, 15, 17, 21, 31])
def test_choice_is_the_same_for_any_batch_and_thread_count(kernel: int, direction: Any) -> None:
    before, chosen = get_num_threads(), set()
    try:
        for threads in (1, 2, 16):
            set_num_threads(threads)
            for batch in (1, 2, 64):
                problem = convolution((200, 300), (kernel, kernel), batch=batch)
                problem = replace(problem, direction=direction)
                accepted = [
                    each for each in ALGORITHMS[ConvolutionProblem] if each.refusal(problem) is None
                ]
                best = min(accepted, key=lambda each: each.cost(problem)).name
                chosen.add(best == "fft")
    finally:
        set_num_threads(before)
    assert len(chosen) == 1


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (convolution((9, 9), (7, 9)), "at least 64 taps"),
        (replace(convolution((90,), (70,)), stride=(2,)), "stride 1"),
        (convolution((9, 9, 9), (4, 4, 4)), "one or two spatial axes"),
        (convolution((9, 9), (8, 8), dtype="int8"), "floating-point"),
        (convolution((9, 9), (8, 8), accuracy="strict"), "strict"),
        (convolution((2000, 2000), (1600, 1600)), "memory"),
    ],
)
def test_refuses_in_words(problem: ConvolutionProblem, reason: str) -> None:
    refusal = Fft().refusal(problem)
    assert refusal is not None
    assert reason in refusal


@pytest.mark.parametrize("length", [16, 48, 96, 128])
def test_frequencies_are_each_there_once(length: int) -> None:
    assert int(np.prod(radices(length))) == length
    assert sorted(order(length)) == list(range(length))


def _named(name: str) -> Any:
    return next(each for each in ALGORITHMS[ConvolutionProblem] if each.name == name)
