"""The laws: what every algorithm keeps on every problem that it accepts.

A law is a function of a problem and an algorithm that raises AssertionError where the
algorithm breaks it. The only tolerance is `numconv.core.bound.bound`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.bound import bound
from ..core.problems import ConvolutionProblem, Epilogue, InvolutionProblem
from ..core.protocol import Algorithm, Array
from ..core.threads import get_num_threads, set_num_threads
from .catalogue import naive_reference
from .identity import moved_by_deltas
from .operands import fill_value, guarded, random_operands, small_operands


@dataclass(frozen=True)
class Law:
    """A promise, how it is checked, and of which problems it speaks."""

    name: str
    check: Callable[[Any, Algorithm], None]
    applies: Callable[[Any], bool]


def solve(problem: Any, algorithm: Algorithm, operands: list[Array]) -> Array:
    """Return what `algorithm` makes of `operands`, written over a filled output."""
    out = np.full(problem.result_shape, fill_value(problem.result_dtype), problem.result_dtype)
    algorithm.plan(problem)(*operands, out=out)
    return out


def assert_within(got: Array, expected: Array, allowed: Array, what: str) -> None:
    """Raise unless `got` differs from `expected` by at most `allowed`.

    Where `expected` is not finite, `got` must not be either.
    """
    assert got.dtype == expected.dtype, f"{what}: dtype {got.dtype}, expected {expected.dtype}"
    finite = np.isfinite(expected)
    stray = np.argwhere(finite != np.isfinite(got))
    if len(stray):
        place = tuple(stray[0].tolist())
        raise AssertionError(
            f"{what}: {len(stray)} of {got.size} outputs are finite where they should not be or "
            f"the reverse, first at {place}: got {got[place]}, expected {expected[place]}"
        )
    exact = got.dtype.kind in "iu"
    difference: Array = (
        np.where(got == expected, 0.0, np.inf)
        if exact
        else np.abs(np.where(finite, got, 0) - np.where(finite, expected, 0))
    )
    excess = np.where(finite, difference - allowed, -np.inf)
    if excess.size and excess.max() > 0:
        place = tuple(int(i) for i in np.unravel_index(excess.argmax(), excess.shape))
        raise AssertionError(
            f"{what}: {int((excess > 0).sum())} of {got.size} outputs are off, most at {place}: "
            f"got {got[place]}, expected {expected[place]} within {allowed[place]:.3g}"
        )


def within_bound(problem: Any, algorithm: Algorithm) -> None:
    """Equal to the naive reference within the dtype's error bound, in the dtype it returns."""
    operands, naive = random_operands(problem), naive_reference(problem)
    expected = naive(problem, *operands)
    got = solve(problem, algorithm, operands)
    assert_within(got, expected, bound(problem, naive, *operands), "reference")


def epilogue(problem: Any, algorithm: Algorithm) -> None:
    """Bias, residual, an activation and a channel shuffle, one by one and all at once."""
    activation = {"complex": None, "integer": "relu6"}.get(dtypes.kind(problem.dtype), "silu")
    channels = problem.result_shape[1]
    shuffle = next((g for g in range(2, channels) if channels % g == 0), 1)
    each = (
        Epilogue(bias=True),
        Epilogue(residual=True),
        Epilogue(activation=activation),
        Epilogue(shuffle=shuffle),
        Epilogue(True, True, activation, shuffle),
    )
    for chosen in each:
        varied = replace(problem, epilogue=chosen)
        if algorithm.refusal(varied) is None:
            within_bound(varied, algorithm)


def linear(problem: Any, algorithm: Algorithm) -> None:
    """``A(2a + 3b) = 2 A(a) + 3 A(b)``, in the first operand and in the second."""
    problem = replace(problem, epilogue=Epilogue())
    naive = naive_reference(problem)
    for which in (0, 1):
        fixed = small_operands(problem, 2)
        one, other = list(fixed), list(fixed)
        one[which], other[which] = small_operands(problem, 3)[which], fixed[which]
        both = list(fixed)
        both[which] = (2 * one[which] + 3 * other[which]).astype(problem.dtype)
        alone = [solve(problem, algorithm, each).astype(_wide(problem)) for each in (one, other)]
        allowed = bound(problem, naive, *both)
        allowed += 2 * bound(problem, naive, *one) + 3 * bound(problem, naive, *other)
        together = solve(problem, algorithm, both).astype(_wide(problem))
        assert_within(together, 2 * alone[0] + 3 * alone[1], allowed, f"linear in operand {which}")


def adjoint(problem: ConvolutionProblem, algorithm: Algorithm) -> None:
    """``<A x, y> = <x, A' y>``, A' being the naive reference of the other direction."""
    problem = replace(problem, epilogue=Epilogue())
    forward = problem.direction == "forward"
    twin: Any = replace(problem, direction="input_gradient" if forward else "forward")
    naive = naive_reference(problem)
    x, weight = random_operands(problem, 4)
    y = random_operands(twin, 5)[0]
    ax, aty = solve(problem, algorithm, [x, weight]), naive(twin, y, weight)
    wide = _wide(problem)
    left, right = (ax.astype(wide) * y.astype(wide)).sum(), (x.astype(wide) * aty).sum()
    allowed = (bound(problem, naive, x, weight) * np.abs(y)).sum()
    allowed += (bound(twin, naive, y, weight) * np.abs(x)).sum()
    if dtypes.kind(problem.dtype) == "integer":
        assert left == right, f"adjoint: <Ax, y> = {left}, <x, A'y> = {right}"
    off = abs(left - right)
    assert off <= allowed, f"adjoint: <Ax, y> = {left}, <x, A'y> = {right}, allowed {allowed:.3g}"


def delta(problem: Any, algorithm: Algorithm) -> None:
    """A weight of one 1 per output channel moves samples and changes none."""
    problem = replace(problem, epilogue=Epilogue())
    given = random_operands(problem, 6)[0]
    weight, expected = moved_by_deltas(problem, given)
    allowed = bound(problem, naive_reference(problem), given, weight)
    assert_within(solve(problem, algorithm, [given, weight]), expected, allowed, "delta weight")


def non_finite(problem: Any, algorithm: Algorithm) -> None:
    """A NaN or an infinity reaches exactly the outputs whose receptive field holds it."""
    naive, clean = naive_reference(problem), random_operands(problem, 7)
    allowed = bound(problem, naive, *clean)
    for which in (0, 1):
        for value, share in ((np.nan, 0.0), (np.inf, 0.99), (np.nan, 0.53)):
            operands = list(clean)
            operands[which] = clean[which].copy()
            operands[which].flat[int(share * operands[which].size)] = value
            with np.errstate(invalid="ignore"):
                expected = naive(problem, *operands)
            got = solve(problem, algorithm, operands)
            assert_within(got, expected, allowed, f"{value} in operand {which}")
            infinite = np.isinf(expected)
            if dtypes.kind(problem.dtype) == "float":
                same = np.array_equal(got[infinite], expected[infinite])
                assert same, f"infinity in operand {which} came out otherwise"


def written(problem: Any, algorithm: Algorithm) -> None:
    """Every output is written; nothing around it, and no operand."""
    operands = random_operands(problem, 8)
    kept = [guarded(operand) for operand in operands]
    empty = np.full(problem.result_shape, fill_value(problem.result_dtype), problem.result_dtype)
    room = guarded(empty)
    algorithm.plan(problem)(*(each.array for each in kept), out=room.array)
    if room.array.dtype.kind in "iu":
        unwritten = int((room.array == fill_value(room.array.dtype)).sum())
    else:
        unwritten = int(np.isnan(room.array).sum())
    assert not unwritten, f"{unwritten} of {empty.size} outputs are unwritten, or hold strange data"
    assert not room.touched(), "memory around out is changed"
    for index, (each, operand) in enumerate(zip(kept, operands, strict=True)):
        assert not each.touched(), f"memory around operand {index} is changed"
        assert _same_bits(each.array, operand), f"operand {index} is changed"


def threads(problem: Any, algorithm: Algorithm) -> None:
    """The same bits for 1, 2 and 3 threads."""
    operands, before, results = random_operands(problem, 9), get_num_threads(), []
    try:
        for count in (1, 2, 3):
            set_num_threads(count)
            results.append(solve(problem, algorithm, operands))
    finally:
        set_num_threads(before)
    for count, result in zip((2, 3), results[1:], strict=True):
        assert _same_bits(result, results[0]), f"{count} threads give other bits than 1"


def batch_position(problem: Any, algorithm: Algorithm) -> None:
    """The same bits for an image alone and at any place of a batch."""
    many, alone = replace(problem, batch=3), replace(problem, batch=1)
    if algorithm.refusal(many) or algorithm.refusal(alone):
        return
    operands = random_operands(many, 10)
    batched = [True, isinstance(problem, InvolutionProblem)]
    batched += [False] * problem.epilogue.bias + [True] * problem.epilogue.residual
    together = solve(many, algorithm, operands)
    for n in range(3):
        image = [o[n : n + 1] if axis else o for o, axis in zip(operands, batched, strict=True)]
        single = solve(alone, algorithm, [each.copy() for each in image])
        assert _same_bits(single[0], together[n]), f"image {n} of 3 differs from itself alone"


def address(problem: Any, algorithm: Algorithm) -> None:
    """The same bits wherever in memory operands and output lie, and from a packed weight."""
    operands, plan = random_operands(problem, 11), algorithm.plan(problem)
    first = solve(problem, algorithm, operands)
    for offset in (0, 1, 3):
        moved = [guarded(o, offset + i).array for i, o in enumerate(operands)]
        out = guarded(first, offset).array
        out[...] = fill_value(out.dtype)
        plan(*moved, out=out)
        assert _same_bits(out, first), f"other bits {offset} elements further on"
    again = np.full_like(first, fill_value(first.dtype))
    plan(operands[0], plan.prepare(operands[1]), *operands[2:], out=again)
    assert _same_bits(again, first), "other bits from a prepared weight"


def empty_batch(problem: Any, algorithm: Algorithm) -> None:
    """A batch of none gives a result of none, without complaint."""
    none = replace(problem, batch=0)
    if algorithm.refusal(none) is None:
        solve(none, algorithm, random_operands(none))


def _same_bits(one: Array, other: Array) -> bool:
    alike = one.dtype == other.dtype and one.shape == other.shape
    return alike and one.tobytes() == other.tobytes()


def _wide(problem: Any) -> str:
    kinds = {"integer": "int64", "complex": "complex128"}
    return kinds.get(dtypes.kind(problem.dtype), "float64")


def _always(problem: Any) -> bool:
    return True


def _has_outputs(problem: Any) -> bool:
    return bool(prod(problem.result_shape))


def _is_convolution(problem: Any) -> bool:
    return isinstance(problem, ConvolutionProblem) and _has_outputs(problem)


def _has_non_finite(problem: Any) -> bool:
    return dtypes.kind(problem.dtype) != "integer" and _has_outputs(problem)


LAWS = (
    Law("within_bound", within_bound, _always),
    Law("epilogue", epilogue, _has_outputs),
    Law("linear", linear, _has_outputs),
    Law("adjoint", adjoint, _is_convolution),
    Law("delta", delta, _has_outputs),
    Law("non_finite", non_finite, _has_non_finite),
    Law("written", written, _always),
    Law("threads", threads, _has_outputs),
    Law("batch_position", batch_position, _has_outputs),
    Law("address", address, _has_outputs),
    Law("empty_batch", empty_batch, _has_outputs),
)


def laws_of(problem: Any) -> tuple[Law, ...]:
    """Return the laws that speak of `problem`."""
    return tuple(law for law in LAWS if law.applies(problem))
