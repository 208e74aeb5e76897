"""`winograd`: its own error bound, and when it hands over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core.problems import ConvolutionProblem
from numconv.core.threads import get_num_threads, set_num_threads
from numconv.testing.catalogue import naive_reference
from numconv.testing.checks import same_bits, solve
from numconv.testing.operands import random_operands
from numconv_cpu.algorithms import ALGORITHMS
from numconv_cpu.algorithms.winograd import Winograd
from numconv_cpu.algorithms.winograd import plan as winograd_plan
from numconv_cpu.algorithms.winograd.cases import convolution, transposed
from numconv_cpu.algorithms.winograd.formulas import (
    PAIRS,
    matrix,
    transformed_input,
    transformed_result,
    transformed_weight,
)

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
