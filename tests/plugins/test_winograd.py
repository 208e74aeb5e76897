"""`winograd`: the laws at both sizes of tiles, its own error bound, and when it hands over."""

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
from numconv_cpu.algorithms import ALGORITHMS
from numconv_cpu.algorithms.winograd import Winograd
from numconv_cpu.algorithms.winograd import plan as winograd_plan
from numconv_cpu.algorithms.winograd.formulas import (
    PAIRS,
    matrix,
    transformed_input,
    transformed_result,
    transformed_weight,
)


def convolution(
    c_in: int, c_out: int, *size: int, kernel: Any = 3, stride: Any = 1, **options: Any
) -> ConvolutionProblem:
    axes = len(size)
    kernel, stride = (
        (each,) * axes if isinstance(each, int) else each for each in (kernel, stride)
    )
    settings = {"batch": 1, "padding": tuple((k // 2, k // 2) for k in kernel)}
    return ConvolutionProblem(
        in_channels=c_in,
        out_channels=c_out,
        input_shape=size,
        kernel_shape=kernel,
        stride=stride,
        dilation=(1,) * axes,
        **{**settings, **options},
    )


def transposed(c_in: int, c_out: int, *size: int, **options: Any) -> ConvolutionProblem:
    """Return an input gradient with stride 2, whose result has the size given."""
    settings = {"stride": 2, "padding": ((1, 1),) * len(size), "direction": "input_gradient"}
    return convolution(c_out, c_in, *size, **{**settings, **options})


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
    "transposed": transposed(17, 20, 12, 10, kernel=4, batch=2),
    "transposed_one": transposed(16, 16, 2, 2, kernel=4),
    "transposed_odd": transposed(16, 21, 13, 9, kernel=4, padding=((0, 0), (0, 0))),
    "transposed_cropped": transposed(16, 33, 11, 12, kernel=4, padding=((2, -1), (3, 0))),
    "transposed_3": transposed(16, 17, 12, 9, kernel=3, padding=((1, 0), (1, 1))),
    "transposed_5_groups": transposed(32, 34, 10, 11, kernel=5, padding=((2, 1),) * 2, groups=2),
    "transposed_epilogue": transposed(
        16, 20, 9, 6, kernel=4, epilogue=Epilogue(bias=True, residual=True, activation="relu")
    ),
    "transposed_double": transposed(16, 18, 8, 9, kernel=4, dtype="float64"),
    "transposed_line": transposed(16, 18, 37, kernel=4),
    "transposed_one_axis": transposed(16, 16, 9, 10, kernel=(3, 4), stride=(1, 2)),
    "two_taps": convolution(17, 16, 9, 7, kernel=2, padding=((0, 1), (1, 0))),
    "four_taps": convolution(16, 19, 9, 8, kernel=4),
    "five_taps": convolution(18, 17, 9, 13, kernel=5, batch=2),
    "five_taps_gradient": convolution(16, 17, 8, 9, kernel=5, direction="input_gradient"),
    "five_by_two": convolution(16, 16, 9, 9, kernel=(5, 2)),
    "one_by_three": convolution(16, 20, 5, 13, kernel=(1, 3)),
    "three_by_one": convolution(20, 16, 13, 5, kernel=(3, 1), stride=(1, 2)),
    "strided": convolution(17, 18, 13, 12, stride=2, batch=2),
    "strided_reflect": convolution(16, 16, 9, 12, kernel=5, stride=2, padding_mode="reflect"),
    "strided_one_axis": convolution(16, 16, 8, 9, stride=(2, 1)),
    "line": convolution(17, 18, 41, kernel=3, batch=2),
    "line_strided": convolution(16, 16, 41, kernel=5, stride=2),
    "volume": convolution(16, 17, 3, 7, 6, batch=2, epilogue=Epilogue(bias=True)),
    "volume_strided_depth": convolution(16, 16, 5, 6, 7, stride=(2, 1, 1)),
    "volume_dilated_depth": replace(convolution(16, 16, 6, 6, 7), dilation=(2, 1, 1)),
    "volume_reflect": convolution(16, 16, 4, 6, 5, padding_mode="reflect"),
    "volume_gradient": convolution(16, 18, 4, 7, 6, direction="input_gradient"),
    "volume_transposed": transposed(16, 16, 4, 8, 6, kernel=(3, 4, 4), stride=(1, 2, 2)),
}
# Each kernel and size of tiles is compiled by itself, which takes seconds.
SMALL_TILES_TOO = ("gradient", "groups", "transposed", "strided", "line", "volume", "two_taps")
CASES = [
    pytest.param(law, problem, points, id=f"{name}-{points}-{law.name}")
    for name, problem in PROBLEMS.items()
    for points in ((4, 6) if name in SMALL_TILES_TOO else (6,))
    for law in LAWS
    if law.applies(problem) and law.cases is None and law.name != "huge_stride"
]
FACTOR = 2.0


def accurate(problem: Any, points: int, x: Any, weight: Any) -> float:
    """Return the largest error as a fraction of what `Winograd` states."""
    wide = replace(problem, dtype="float64")
    naive = naive_reference(problem)
    filters = (
        range(weight.ndim)[1:] if problem.direction == "forward" else (0, *range(2, weight.ndim))
    )
    largest = np.abs(weight).max(tuple(filters), keepdims=True) * np.ones_like(weight)
    exact = naive(wide, x.astype("f8"), weight.astype("f8"))
    size = naive(wide, np.abs(x).astype("f8"), largest.astype("f8"))
    eps = np.finfo(problem.dtype).eps
    allowed = FACTOR * (problem.terms + 2) * eps * size + np.finfo(problem.dtype).tiny
    got = solve(problem, Winograd(points), [x, weight])
    return float((np.abs(got - exact) / allowed).max())


def pattern(name: str, x: Any, weight: Any, rng: Any) -> tuple[Any, Any]:
    """Return operands whose rounding errors show, of noise."""
    size = x.shape[2:]
    if name == "positive":
        return np.abs(x), np.abs(weight)
    if name == "steep":
        return x * 2.0 ** np.arange(size[-1]), weight
    if name == "islands":
        return x * (1e-7 + (rng.random(size) < 0.05)), weight
    if name == "faint":
        return np.abs(x) * np.where(rng.random(size) < 0.05, 1, 10 ** -rng.random()), weight
    if name == "sparse":
        weight = weight * (rng.random(weight.shape) < 0.3)
        return x * (rng.random(size) < 0.1), weight
    if name == "signs":
        return np.abs(x) * (-1.0) ** sum(np.indices(size)), np.sign(weight)
    return x, weight


@pytest.mark.parametrize(("law", "problem", "points"), CASES)
def test_law(law: Any, problem: ConvolutionProblem, points: int) -> None:
    try:
        law.check(problem, Winograd(points))
    except NotApplicable as error:
        pytest.skip(str(error))


FILTERS = {
    "3x3": convolution(16, 16, 22, 19),
    "2x2": convolution(16, 16, 22, 19, kernel=2),
    "4x4": convolution(16, 16, 22, 19, kernel=4),
    "5x5": convolution(16, 16, 22, 19, kernel=5),
    "5x2": convolution(16, 16, 22, 19, kernel=(5, 2)),
    "3": convolution(16, 16, 90, kernel=3),
    "2": convolution(16, 16, 90, kernel=2),
    "3x3x3": convolution(16, 16, 3, 12, 9),
    "3x3/2": convolution(16, 16, 24, 21, stride=2),
    "transposed 4x4/2": transposed(16, 16, 22, 20, kernel=4),
    "transposed 3x3/2": transposed(16, 16, 22, 20, kernel=3),
}


@pytest.mark.parametrize("points", [4, 6])
@pytest.mark.parametrize("problem", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize(
    "name", ["noise", "positive", "steep", "islands", "faint", "sparse", "signs"]
)
def test_error_is_within_what_is_stated(
    name: str, problem: ConvolutionProblem, points: int
) -> None:
    if Winograd(points).refusal(problem):
        pytest.skip("more taps than such a tile takes")
    for seed in range(4):
        rng = np.random.default_rng(seed)
        noise = (rng.standard_normal(shape) for shape in problem.operand_shapes)
        x, weight = (each.astype(problem.dtype) for each in pattern(name, *noise, rng))
        assert accurate(problem, points, x, weight) <= 1


@pytest.mark.parametrize(("points", "taps"), [(4, 2), (4, 3), (6, 2), (6, 3), (6, 4), (6, 5)])
def test_transforms_make_a_convolution(points: int, taps: int) -> None:
    pairs, results = PAIRS[points], points - taps + 1
    given = matrix(lambda line: transformed_input(line, pairs), points)
    weights = matrix(lambda line: transformed_weight(line, pairs), taps)
    taken = matrix(lambda line: transformed_result(line, pairs, results), points)
    for t in range(taps):
        shifted = (taken * weights[:, t]) @ given
        assert (shifted == np.eye(results, points, t, dtype=int)).all()


@pytest.mark.parametrize("kernel", [2, 3, 5])
@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
def test_noise_is_even_enough_for_tiles_of_the_default_size(kernel: int, direction: Any) -> None:
    for stride in (1, 2):
        problem = convolution(16, 16, 38, 37, kernel=kernel, stride=stride, direction=direction)
        if Winograd().refusal(problem) is None:
            operands = random_operands(problem)
            name = "direct" if direction == "forward" else "transposed"
            assert not same_bits(
                solve(problem, Winograd(), operands), solve(problem, _named(name), operands)
            )


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


@pytest.mark.parametrize(
    "problem",
    [
        convolution(32, 80, 21, 22),
        convolution(32, 48, 3, 14, 13),
        transposed(80, 32, 42, 44, kernel=4),
        convolution(32, 40, 41, 43, stride=2),
    ],
    ids=["plain", "volume", "transposed", "strided"],
)
def test_bits_do_not_depend_on_how_the_work_is_cut_up(problem: ConvolutionProblem) -> None:
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


def test_weights_too_large_for_a_cache_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = convolution(32, 48, 6, 7)
    x, weight = random_operands(problem, 3)
    results = []
    for most in (2**30, 0):
        monkeypatch.setattr(winograd_plan, "PREPARED_BYTES", most)
        plan = Winograd().plan(problem)
        prepared = plan.prepare(weight)
        assert isinstance(prepared, np.ndarray) == (most == 0)
        assert prepared is not weight
        out = np.empty(problem.result_shape, problem.dtype)
        plan(x, prepared, out=out)
        results.append(out)
    assert same_bits(*results)


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
                    problem = convolution(channels, channels, size, size, batch=batch)
                    problem = replace(problem, direction=direction)
                    accepted = [
                        each
                        for each in ALGORITHMS[ConvolutionProblem]
                        if each.refusal(problem) is None
                    ]
                    chosen.add(min(accepted, key=lambda each: each.cost(problem)).name)
        finally:
            set_num_threads(before)
        assert len(chosen) == 1


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (convolution(3, 64, 9, 9), "at least 16 channels"),
        (convolution(16, 16, 9, 9, stride=(3, 1)), "no stride"),
        (convolution(16, 16, 9, 9, stride=2, kernel=1, direction="input_gradient"), "no stride"),
        (convolution(16, 16, 9, 9, kernel=7), "kernels of 2 to 5 taps"),
        (convolution(16, 16, 9, 9, kernel=1), "kernels of 2 to 5 taps"),
        (replace(convolution(16, 16, 9, 9), dilation=(2, 1)), "dilation 1"),
        (convolution(16, 16, 9, 9, dtype="int8"), "floating-point"),
        (convolution(16, 16, 9, 9, accuracy="strict"), "strict"),
    ],
)
def test_refuses_in_words(problem: ConvolutionProblem, reason: str) -> None:
    refusal = Winograd().refusal(problem)
    assert refusal is not None
    assert reason in refusal


def _named(name: str) -> Any:
    return next(each for each in ALGORITHMS[ConvolutionProblem] if each.name == name)
