"""`spectral`: its own error bound, what it takes out, computes anew and hands over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core.bound import bound
from numconv.core.problems import ConvolutionProblem, Epilogue
from numconv.core.threads import get_num_threads, set_num_threads
from numconv.testing.catalogue import naive_reference
from numconv.testing.checks import LawBroken, same_bits, solve, within
from numconv.testing.laws import LAWS
from numconv.testing.operands import random_operands
from numconv_cpu.algorithms import ALGORITHMS
from numconv_cpu.algorithms.spectral import Spectral
from numconv_cpu.algorithms.spectral.cases import convolution, same
from numconv_cpu.algorithms.spectral.geometry import geometry_of, lengths_of
from numconv_cpu.algorithms.spectral.plan import SpectralPlan


def error(problem: Any, x: Any, weight: Any) -> float:
    """Return the largest error as a fraction of what `Spectral` states."""
    wide = replace(problem, dtype="float64")
    spatial = tuple(range(1, weight.ndim))
    largest = np.abs(weight).max(spatial, keepdims=True) * np.ones_like(weight)
    exact = solve(wide, _named("direct"), [x.astype("f8"), weight.astype("f8")])
    size = solve(wide, _named("direct"), [np.abs(x).astype("f8"), largest.astype("f8")])
    eps = np.finfo(problem.dtype).eps
    allowed = 2.0 * (problem.terms + 2) * eps * size + np.finfo(problem.dtype).tiny
    got = solve(problem, Spectral(), [x, weight])
    return float((np.abs(got - exact) / allowed).max())


@pytest.mark.parametrize(
    "problem",
    [
        convolution((1500,), (1300,)),
        convolution((70, 60), (33, 41)),
        convolution((12, 20, 17), (7, 8, 9)),
    ],
    ids=["signal", "picture", "volume"],
)
@pytest.mark.parametrize(
    "name", ["noise", "positive", "steep", "islands", "spike", "tiny", "signs", "waves", "thirds"]
)
def test_error_is_within_what_is_stated(name: str, problem: ConvolutionProblem) -> None:
    rng = np.random.default_rng(1)
    x, weight = (rng.standard_normal(shape) for shape in problem.operand_shapes)
    along = np.arange(x.size).reshape(x.shape)
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
        x, weight = np.cos(along), np.ones_like(weight)
    elif name == "thirds":
        x = np.cos(2 * np.pi / 3 * along + 0.1)
        weight = np.resize(x, weight.size).reshape(weight.shape)
    assert error(problem, x.astype(problem.dtype), weight.astype(problem.dtype)) <= 1


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e16, 3e38])
def test_a_wild_sample_reaches_what_sees_it_and_nothing_else(value: float, dtype: str) -> None:
    problem = convolution((5000,), (900,), padding=same((900,)), dtype=dtype)
    x, weight = random_operands(problem)
    even = solve(problem, Spectral(), [x, weight])
    x[0, 0, 3100] = value
    with np.errstate(all="ignore"):
        got = solve(problem, Spectral(), [x, weight])
        exact = solve(problem, _named("direct"), [x, weight])
    away = np.r_[0 : 3100 - 449, 3100 + 451 : 5000]
    assert np.abs(got - even)[..., away].max() <= 1e-5 * np.abs(even).max()
    seen = np.s_[..., 3100 - 449 : 3100 + 451]
    assert (np.isfinite(got) == np.isfinite(exact))[seen].all()
    if np.isfinite(value) and value < 1e30:
        np.testing.assert_allclose(got[seen], exact[seen], rtol=1e-5, atol=1e12)
    if dtype == "float32":
        np.testing.assert_array_equal(np.isnan(got), np.isnan(exact))


@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
@pytest.mark.parametrize("change", ["nan", "inf", "huge_tap", "delta", "huge", "tiny", "identity"])
def test_wild_weights(change: str, direction: Any) -> None:
    problem = convolution((26, 27), (18, 19), 2, 2, direction=direction)
    x, weight = random_operands(problem)
    if change == "delta":
        weight[...] = 0
        weight[[0, 1], [0, 1], 1, 2] = 1
    elif change == "identity":
        weight *= np.float32(1e-7)
        weight[[0, 1], [0, 1], 1, 2] = 1
    elif change in ("huge", "tiny"):
        weight *= weight.dtype.type(1e35 if change == "huge" else 1e-36)
    else:
        weight[1, 0, 1, 2] = {"nan": np.nan, "inf": np.inf, "huge_tap": 1e16}[change]
    naive = naive_reference(problem)
    with np.errstate(all="ignore"):
        expected = naive(problem, x, weight)
        allowed = bound(problem, naive, x, weight)
        got = solve(problem, Spectral(), [x, weight])
    within(got, expected, np.nan_to_num(allowed), change)


def handed_over(problem: Any, operands: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the batches that `direct` was asked for."""
    asked: list[int] = []
    exact = SpectralPlan.exact

    def recording(problem: Any) -> Any:
        asked.append(problem.batch)
        return exact(problem)

    monkeypatch.setattr(SpectralPlan, "exact", staticmethod(recording))
    got = solve(problem, Spectral(), operands)
    with np.errstate(all="ignore"):
        expected = solve(problem, _named("direct"), operands)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3 * _largest(expected))
    return asked


def _largest(array: Any) -> float:
    return float(np.abs(array[np.isfinite(array)]).max())


def test_an_image_with_many_wild_samples_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = convolution((60, 50), (20, 21), batch=3)
    x, weight = random_operands(problem)
    assert handed_over(problem, [x, weight], monkeypatch) == []
    x[1, 0, :20, :20] = np.nan
    assert handed_over(problem, [x, weight], monkeypatch) == [1]


def test_much_that_sees_little_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = convolution((9000,), (700,))
    x, weight = random_operands(problem)
    x[..., 2000:] *= np.float32(1e-9)
    assert handed_over(problem, [x, weight], monkeypatch) == [1]


def test_an_infinite_result_spoils_no_others_by_the_epilogue() -> None:
    epilogue = Epilogue(residual=True, activation="relu")
    problem = convolution((400,), (80,), epilogue=epilogue)
    x, weight, residual = random_operands(problem)
    x[0, 0, 0] = np.inf
    with np.errstate(all="ignore"):
        got = solve(problem, Spectral(), [x, weight, residual])
    assert not np.isfinite(got[..., :80]).all()
    assert np.isfinite(got[..., 80:]).all()


def test_zeros_stay_zeros() -> None:
    problem = convolution((60, 61), (29, 29))
    x, weight = random_operands(problem)
    x[..., 20:] = 0
    out = solve(problem, Spectral(), [x, weight])
    assert not out[..., 48:].any()
    assert not solve(problem, Spectral(), [0 * x, weight]).any()
    assert not solve(problem, Spectral(), [x, 0 * weight]).any()


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [
        ("float32", (1e-44, 1e30)),
        ("float32", (1e30, 1e-40)),
        ("float32", (1e19, 1e18)),
        ("float32", (1e-20, 1e-22)),
        ("float64", (1e-322, 1e300)),
        ("float64", (1e306, 1e-310)),
    ],
)
def test_sizes_far_from_one(dtype: str, scale: tuple[float, float]) -> None:
    problem = convolution((300,), (280,), dtype=dtype)
    x, weight = (
        (array * np.float64(factor)).astype(dtype)
        for array, factor in zip(random_operands(problem), scale, strict=True)
    )
    naive = naive_reference(problem)
    expected = naive(problem, x, weight)
    within(
        solve(problem, Spectral(), [x, weight]), expected, bound(problem, naive, x, weight), "sizes"
    )


def test_bits_do_not_depend_on_how_the_work_is_shared_out() -> None:
    problem = convolution((201, 190), (112, 113), 2, 2)
    x, weight = random_operands(problem)
    before, results = get_num_threads(), []
    try:
        for threads in (1, 2, 3, 7):
            set_num_threads(threads)
            results.append(solve(problem, Spectral(), [x, weight]))
            many = replace(problem, batch=4)
            batch = solve(many, Spectral(), [np.repeat(x, 4, axis=0), weight])
            results += [image[None] for image in batch]
    finally:
        set_num_threads(before)
    assert all(same_bits(each, results[0]) for each in results)


def test_a_batch_of_many_rounds() -> None:
    problem = convolution((300, 290), (70, 80), 3, 3, groups=3, batch=20)
    x, weight = random_operands(problem)
    got = solve(problem, Spectral(), [x, weight])
    alone = solve(replace(problem, batch=1), Spectral(), [x[13:14], weight])
    assert same_bits(got[13:14], alone)


CHOICES = [
    (convolution((100,), (100,)), False),
    (convolution((20000,), (20000,)), True),
    (convolution((20000,), (20000,), dtype="float64"), True),
    (convolution((20000,), (20000,), dtype="complex128"), True),
    (convolution((1000000,), (100,)), False),
    (convolution((12, 12), (9, 9)), False),
    (convolution((200, 200), (200, 200)), True),
    (convolution((200, 200), (150, 150), 3, 3, groups=3), True),
    (convolution((32, 32, 32), (32, 32, 32)), True),
    (convolution((8, 8, 8), (4, 4, 4)), False),
]


@pytest.mark.parametrize(("problem", "expected"), CHOICES)
def test_choice_is_the_same_for_any_batch_and_thread_count(
    problem: ConvolutionProblem, expected: bool
) -> None:
    before, chosen = get_num_threads(), set()
    try:
        for threads in (1, 2, 16):
            set_num_threads(threads)
            for batch in (1, 2, 64):
                varied = replace(problem, batch=batch)
                accepted = [
                    each for each in ALGORITHMS[ConvolutionProblem] if each.refusal(varied) is None
                ]
                best = min(accepted, key=lambda each: each.cost(varied)).name
                chosen.add(best == "spectral")
    finally:
        set_num_threads(before)
    assert chosen == {expected}


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (convolution((9, 9), (7, 9)), "at least 64 taps"),
        (replace(convolution((90,), (70,)), stride=(2,)), "stride 1"),
        (convolution((9, 9), (8, 8), dtype="int8"), "complex numbers"),
        (convolution((9, 9), (8, 8), accuracy="strict"), "strict"),
        (convolution((9, 70000), (8, 8)), "at most 65536"),
        (convolution((8000, 8000, 60), (8, 8, 8)), "GiB"),
    ],
)
def test_refuses_in_words(problem: ConvolutionProblem, reason: str) -> None:
    refusal = Spectral().refusal(problem)
    assert refusal is not None
    assert reason in refusal


@pytest.mark.parametrize("size", [1000, 4099, 99991])
def test_lengths_hold_what_is_needed(size: int) -> None:
    shape = geometry_of(convolution((size,), (size,)))
    lengths = lengths_of(shape, 4)
    assert lengths is not None
    assert 2 * size - 1 <= 2 * lengths.rows * lengths.columns <= 3 * size


def test_explains_itself() -> None:
    explained = numconv.explain("conv1d", (1, 1, 50000), (1, 1, 50000), padding="full")
    assert explained.stages[0].algorithm == "spectral"
    assert "complex numbers" in Spectral().plan(convolution((300,), (300,))).describe()


def test_a_wrong_one_breaks_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scaled a little by its factors, products are wrong, and the law notices."""
    from numconv_cpu.algorithms.spectral import arguments

    right = arguments.row_twiddles
    monkeypatch.setattr(arguments, "row_twiddles", lambda *each: right(*each) * 1.01)
    problem = convolution((40, 30), (21, 22))
    law = next(law for law in LAWS if law.name == "within_bound")
    with pytest.raises(LawBroken):
        law.check(problem, Spectral())


def _named(name: str) -> Any:
    return next(each for each in ALGORITHMS[ConvolutionProblem] if each.name == name)
