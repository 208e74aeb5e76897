"""Every number that a caller gives is what it is, of whatever kind, and when it is given."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from enum import IntEnum
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import numconv
from numconv import filters, ndimage, signal
from numconv.core import dispatch
from numconv.core.errors import ArgumentError
from numconv.core.parameters import is_plain, plain

from .public_calls import EXAMPLES, PER_AXIS

NUMBERS = {
    *("stride", "padding", "dilation", "groups", "output_padding", "output_size", "scale"),
    *("kernel_size", "eps", "fill_value", "n", "nbytes", "fillvalue", "in1_len", "in2_len"),
    *("axes", "axis", "cval", "origin", "sigma", "order", "truncate", "radius", "size", "angle"),
    *("operands", "channel_axis"),
}
OTHERS = {
    *("x", "weight", "bias", "residual", "out", "depthwise_weight", "pointwise_weight"),
    *("depthwise_bias", "lateral", "vertical", "horizontal", "kernels", "reduce_weight"),
    *("span_weight", "reduce_bias", "span_bias", "norm", "column", "row", "depth", "in1", "in2"),
    *("input", "hrow", "hcol", "weights", "output", "kernel", "derivative", "derivative2"),
    *("padding_mode", "activation", "depthwise_activation", "backend", "algorithm", "accuracy"),
    *("function", "dtype", "interpolation", "mode", "method", "boundary", "nan", "name"),
    *("tune", "measure", "extra_arguments", "extra_keywords", "kwargs", "parameters"),
}


class Index:
    """A number of the caller's own, which may become another."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


def enumerated(value: int) -> Any:
    return IntEnum("Chosen", {"IT": value}).IT


WIDTHS = {np.dtype(code).type for code in "bBhHiIlLqQ"}
KINDS: dict[str, Callable[[int], Any]] = {
    **{f"{kind.__name__}": kind for kind in sorted(WIDTHS, key=lambda kind: kind.__name__)},
    "array_of_int8": lambda value: np.array(value, np.int8),
    "array_of_uint64": lambda value: np.array(value, np.uint64),
    "index": Index,
    "enum": enumerated,
}


def public() -> dict[str, Any]:
    return {
        f"{module.__name__}.{name}": found
        for module in (numconv, signal, ndimage, filters)
        for name in module.__all__
        if inspect.isfunction(found := getattr(module, name))
    }


def outcome(call: Callable[..., Any], name: str, value: Any) -> Any:
    """Return what a call gives, or the argument that it refuses."""
    try:
        result = call(**{name: value})
    except ArgumentError as error:
        return "refused", error.argument
    if isinstance(result, np.ndarray):
        return result.dtype, result.shape, result.tobytes()
    return "given", result


def test_every_public_function_is_here_with_every_number() -> None:
    assert set(EXAMPLES) == set(public())
    for name, function in public().items():
        parameters = set(inspect.signature(function).parameters)
        assert parameters <= NUMBERS | OTHERS, f"{name}: numbers or not?"
        assert parameters & NUMBERS <= set(EXAMPLES[name].numbers), name


PAIRS = [(name, number) for name, each in EXAMPLES.items() for number in each.numbers]


@pytest.mark.parametrize(("name", "number"), PAIRS, ids=lambda each: each.removeprefix("numconv."))
def test_numbers_of_every_kind_are_right_or_refused_by_name(name: str, number: str) -> None:
    example = EXAMPLES[name]
    axes = next((int(digit) for digit in name if digit.isdigit()), 1)
    value = example.numbers[number][0]
    expected = outcome(example.call, number, value)
    assert expected[0] != "refused"
    for kind, make in KINDS.items():
        got = outcome(example.call, number, make(value))
        assert got in (expected, ("refused", number)), kind
        if number in PER_AXIS and "filters" not in name:
            assert outcome(example.call, number, [make(value)] * axes) == expected, kind
            assert outcome(example.call, number, (make(value),)) == expected, kind


@pytest.mark.parametrize(("name", "number"), PAIRS, ids=lambda each: each.removeprefix("numconv."))
def test_a_number_that_changed_is_the_new_one(name: str, number: str) -> None:
    example = EXAMPLES[name]
    before, after = example.numbers[number]
    expected = [outcome(example.call, number, value) for value in (before, after)]
    index, array = Index(before), np.array(before)
    for given in (index, array, [index], (array,)):
        index.value, array[...] = before, before
        if number not in PER_AXIS and isinstance(given, (list, tuple)):
            continue
        first = outcome(example.call, number, given)
        index.value, array[...] = after, after
        second = outcome(example.call, number, given)
        assert first in (expected[0], ("refused", number))
        assert second in (expected[1], ("refused", number))


TORCH = """
import numconv, numpy as np, torch
x, weight, step = np.ones((1, 1, 9)), np.ones((1, 1, 3)), torch.tensor(1)
for value, size in ((1, 7), (2, 4), (3, 3)):
    step.fill_(value)
    for given in (step, [step]):
        assert numconv.conv1d(x, weight, stride=given, backend="reference").shape[-1] == size
"""


@pytest.mark.peer
def test_a_tensor_that_changed_is_the_new_number() -> None:
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    command = [sys.executable, "-c", TORCH]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_shuffles_stay_within_the_array() -> None:
    """The stride of 16 bits pointed to memory before x."""
    x = np.arange(400 * 200, dtype="float32").reshape(1, 400, 200)
    expected = x.reshape(1, 2, 200, 200).swapaxes(1, 2).reshape(x.shape)
    assert np.array_equal(numconv.channel_shuffle(x, np.int16(2)), expected)


def test_plain_values() -> None:
    given = [np.int8(2), (np.array(3), np.float32(0.5)), np.bool_(True), np.str_("same"), range(2)]
    got = plain(given)
    assert got == (2, (3, 0.5), True, "same", (0, 1))
    assert is_plain(got)
    assert plain(got) is got
    odd = object()
    assert plain(odd) is odd
    assert not is_plain((1, (odd,)))
    endless: list[Any] = []
    endless.append(endless)
    assert not is_plain(plain(endless))


def test_only_plain_parameters_are_remembered() -> None:
    x, weight = np.ones((1, 1, 9)), np.ones((1, 1, 3))
    dispatch.forget()
    for step in (np.int8(2), Index(2), np.array(2), [2], (np.int64(2),), enumerated(2)):
        numconv.conv1d(x, weight, stride=step, backend="reference")
    kept = [key[2] for key in dispatch._calls] + [key[1] for key in dispatch._recent]
    assert kept
    assert all(map(is_plain, kept))


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ArgumentError, match="stride"):
        numconv.conv1d(np.ones((1, 1, 9)), np.ones((1, 1, 3)), stride=endless)
