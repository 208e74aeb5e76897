"""`winograd`: the laws at both tile sizes, its own error bound, and when it hands over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core.problems import ConvolutionProblem, Epilogue
from numconv.core.threads import get_num_threads, set_num_threads
from numconv.testing.catalogue import naive_reference
from numconv.testing.checks import NotApplicable, same_bits, solve
from numconv.testing.laws import LAWS
from numconv.testing.operands import random_operands
from numconv_cpu.convolution import ALGORITHMS
from numconv_cpu.convolution.winograd import Winograd


def convolution(
    c_in: int, c_out: int, height: int, width: int, batch: int = 1, **options: Any
) -> ConvolutionProblem:
    options.setdefault("padding", ((1, 1), (1, 1)))
    return ConvolutionProblem(
        batch=batch,
        in_channels=c_in,
        out_channels=c_out,
        input_shape=(height, width),
        kernel_shape=(3, 3),
        stride=(1, 1),
        dilation=(1, 1),
        **options,
    )


PROBLEMS = {
    "smaller_than_a_tile": convolution(16, 16, 1, 1),
    "odd_sides": convolution(17, 19, 9, 11),
    "batch": convolution(24, 33, 7, 5, batch=3),
    "uneven_padding": convolution(16, 16, 8, 6, padding=((0, 3), (2, 1))),
    "cropped": convolution(16, 18, 9, 9, padding=((1, -1), (0, -2))),
    "padded_far": convolution(16, 16, 5, 4, padding=((4, 5), (3, 6))),
    "reflect": convolution(16, 21, 7, 6, padding_mode="reflect"),
    "circular": convolution(16, 16, 6, 9, padding=((2, 2), (3, 1)), padding_mode="circular"),
    "groups": convolution(32, 48, 6, 7, batch=2, groups=2),
    "residual_relu": convolution(
        16, 20, 9, 6, epilogue=Epilogue(bias=True, residual=True, activation="relu")
    ),
    "relu": convolution(16, 20, 6, 5, epilogue=Epilogue(bias=True, activation="relu")),
    "shuffled_silu": convolution(
        32, 32, 5, 6, groups=2, epilogue=Epilogue(bias=True, activation="silu", shuffle=2)
    ),
    "gradient": convolution(18, 20, 9, 7, batch=2, direction="input_gradient"),
    "gradient_far": convolution(16, 17, 6, 5, padding=((4, 0), (3, 5)), direction="input_gradient"),
    "double": convolution(17, 16, 7, 7, dtype="float64"),
    "half": convolution(16, 16, 7, 6, dtype="float16"),
    "many_tiles": convolution(16, 16, 40, 43),
}
CASES = [
    pytest.param(law, problem, id=f"{name}-{law.name}")
    for name, problem in PROBLEMS.items()
    for law in LAWS
    if law.applies(problem) and law.name != "huge_stride"
]
FACTOR = 2.0


def accurate(problem: Any, side: int, x: Any, weight: Any) -> float:
    """Return the largest error as a fraction of what `Winograd` states."""
    wide = replace(problem, dtype="float64")
    naive = naive_reference(problem)
    largest = np.abs(weight).max((1, 2, 3), keepdims=True) * np.ones_like(weight)
    exact = naive(wide, x.astype("f8"), weight.astype("f8"))
    size = naive(wide, np.abs(x).astype("f8"), largest.astype("f8"))
    eps = np.finfo(problem.dtype).eps
    allowed = FACTOR * (problem.terms + 2) * eps * size + np.finfo(problem.dtype).tiny
    got = solve(problem, Winograd(side), [x, weight])
    return float((np.abs(got - exact) / allowed).max())


@pytest.mark.parametrize("side", [2, 4])
@pytest.mark.parametrize(("law", "problem"), CASES)
def test_law(law: Any, problem: ConvolutionProblem, side: int) -> None:
    algorithm = Winograd(side)
    assert algorithm.refusal(problem) is None
    try:
        law.check(problem, algorithm)
    except NotApplicable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("side", [2, 4])
@pytest.mark.parametrize("name", ["noise", "positive", "steep", "islands", "sparse", "signs"])
def test_error_is_within_what_is_stated(name: str, side: int) -> None:
    problem = convolution(16, 16, 22, 19)
    rng = np.random.default_rng(1)
    x, weight = (rng.standard_normal(shape) for shape in problem.operand_shapes)
    if name == "positive":
        x, weight = np.abs(x), np.abs(weight)
    elif name == "steep":
        x *= 2.0 ** np.arange(19)
    elif name == "islands":
        x *= 1e-7 + (rng.random(x.shape[-2:]) < 0.05)
    elif name == "sparse":
        x *= rng.random(x.shape[-2:]) < 0.1
        weight *= rng.random(weight.shape) < 0.3
    elif name == "signs":
        y, column = np.indices(x.shape[-2:])
        x, weight = np.abs(x) * (-1.0) ** (y + column), np.sign(weight)
    operands = x.astype(problem.dtype), weight.astype(problem.dtype)
    assert accurate(problem, side, *operands) <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e16, 3e38])
def test_only_an_uneven_image_is_handed_over(value: float) -> None:
    problem = convolution(16, 16, 9, 10, batch=3)
    x, weight = random_operands(problem)
    even = solve(problem, Winograd(4), [x, weight])
    x[1, 3, 4, 5] = value
    got = solve(problem, Winograd(4), [x, weight])
    with np.errstate(invalid="ignore", over="ignore"):
        exact = solve(problem, _named("direct"), [x, weight])
    assert same_bits(got[1], exact[1])
    assert same_bits(got[[0, 2]], even[[0, 2]])
    assert not same_bits(got[[0, 2]], exact[[0, 2]])


@pytest.mark.parametrize("change", ["delta", "nan", "inf", "huge", "tiny", "one_large"])
@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
def test_uneven_weights_are_handed_over(change: str, direction: Any) -> None:
    problem = convolution(16, 16, 6, 7, direction=direction)
    x, weight = random_operands(problem)
    if change == "delta":
        weight[...] = 0
        weight[np.arange(16), np.arange(16), 1, 1] = 1
    elif change in ("huge", "tiny"):
        weight *= weight.dtype.type(1e30 if change == "huge" else 1e-36)
    else:
        weight[3, 5, 1, 2] = {"nan": np.nan, "inf": np.inf, "one_large": 1e6}[change]
    exact = solve(
        problem, _named("direct" if direction == "forward" else "transposed"), [x, weight]
    )
    plan = Winograd(4).plan(problem)
    for given in (weight, plan.prepare(weight)):
        out = np.full(problem.result_shape, np.nan, problem.dtype)
        plan(x, given, out=out)
        assert same_bits(out, exact)


def test_what_sees_only_zeros_is_zero() -> None:
    problem = convolution(16, 16, 12, 12)
    x, weight = random_operands(problem)
    x[..., 6:] = 0
    out = solve(problem, Winograd(4), [x, weight])
    assert not out[..., 7:].any()
    assert not same_bits(out, solve(problem, _named("direct"), [x, weight]))


def test_bits_do_not_depend_on_how_the_work_is_cut_up() -> None:
    problem = convolution(32, 80, 21, 22)
    x, weight = random_operands(problem)
    before, results = get_num_threads(), []
    try:
        for threads in (1, 2, 3, 7):
            set_num_threads(threads)
            results.append(solve(problem, Winograd(4), [x, weight]))
            many = replace(problem, batch=9)
            batch = solve(many, Winograd(4), [np.repeat(x, 9, axis=0), weight])
            results += [image[None] for image in batch]
    finally:
        set_num_threads(before)
    assert all(same_bits(each, results[0]) for each in results)


def test_strict_accuracy_forbids_it() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 64, 30, 30)).astype("f4")
    weight = rng.standard_normal((64, 64, 3, 3)).astype("f4")
    explained = numconv.explain("conv2d", x.shape, weight.shape, padding=1)
    assert explained.stages[0].algorithm == "winograd"
    with pytest.raises(numconv.RefusedError, match="strict"):
        numconv.conv2d(x, weight, padding=1, algorithm="winograd", accuracy="strict")
    fast = numconv.conv2d(x, weight, padding=1)
    strict = numconv.conv2d(x, weight, padding=1, accuracy="strict")
    assert same_bits(strict, numconv.conv2d(x, weight, padding=1, algorithm="direct"))
    assert not same_bits(strict, fast)


@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
def test_choice_is_the_same_for_any_batch_and_thread_count(direction: Any) -> None:
    before = get_num_threads()
    for channels, size in ((16, 8), (32, 14), (64, 56), (512, 7)):
        chosen = set()
        try:
            for threads in (1, 2, 16):
                set_num_threads(threads)
                for batch in (1, 2, 64):
                    problem = convolution(channels, channels, size, size, batch)
                    problem = replace(problem, direction=direction)
                    accepted = [each for each in ALGORITHMS if each.refusal(problem) is None]
                    chosen.add(min(accepted, key=lambda each: each.cost(problem)).name)
        finally:
            set_num_threads(before)
        assert len(chosen) == 1


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (convolution(3, 64, 9, 9), "at least 16 channels"),
        (replace(convolution(16, 16, 9, 9), stride=(2, 1)), "stride 1"),
        (replace(convolution(16, 16, 9, 9), kernel_shape=(5, 3)), "kernels of 3x3"),
        (convolution(16, 16, 9, 9, dtype="int8"), "floating-point"),
        (convolution(16, 16, 9, 9, accuracy="strict"), "strict"),
    ],
)
def test_refuses_in_words(problem: ConvolutionProblem, reason: str) -> None:
    refusal = Winograd().refusal(problem)
    assert refusal is not None
    assert reason in refusal


def _named(name: str) -> Any:
    return next(each for each in ALGORITHMS if each.name == name)
