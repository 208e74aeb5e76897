"""Scenes of `launching.py`: what calls return for arrays of every library, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import numconv
from libraries import Interfaced, Ndarray, Packed, Tensor
from stage import (
    DRIVER,
    EXPECTED,
    KERNELS,
    KINDS,
    NAIVE,
    WEIGHT,
    X,
    must_equal,
    refused,
)


def arrays_of_every_library() -> None:
    for kind in KINDS:
        x, weight = kind(X), kind(WEIGHT)
        for _ in range(2):
            result = numconv.conv2d(x, weight)
            must_equal(result)
        expected = kind.__module__ if kind in (Tensor, Ndarray) else "numba"
        assert type(result).__module__.partition(".")[0] == expected, type(result)


def involutions_and_transposed_convolutions() -> None:
    due = numconv.involution2d(X, KERNELS, padding=1, **NAIVE)
    must_equal(numconv.involution2d(Tensor(X), Tensor(KERNELS), padding=1), due)
    filters = WEIGHT.swapaxes(0, 1).copy()
    due = numconv.conv_transpose2d(X, filters, stride=2, **NAIVE)
    must_equal(numconv.conv_transpose2d(Tensor(X), Tensor(filters), stride=2), due)


def every_other_argument() -> None:
    bias = np.linspace(-1, 1, 4).astype("float32")
    more = {"padding": 1, "stride": 2}
    due = numconv.conv2d(X, WEIGHT, bias, **more, **NAIVE)
    must_equal(numconv.conv2d(Ndarray(X), Ndarray(WEIGHT), Ndarray(bias), **more), due)
    must_equal(numconv.conv2d(Tensor(X[0]), Tensor(WEIGHT)), EXPECTED[0])


def integers_stay_where_they_are() -> None:
    for dtype, largest in (("int32", 2**20), ("uint64", 2**40), ("uint8", 255)):
        x = np.arange(4500).reshape(1, 3, 30, 50).astype(dtype)
        x[0, 1, 2, 3] = largest
        weight = np.full((1, 3, 1, 1), 3, dtype)
        bias = np.array([7], dtype)
        due = numconv.conv2d(x, weight, bias, **NAIVE)
        DRIVER.log.clear()
        must_equal(numconv.conv2d(Ndarray(x), Ndarray(weight), Ndarray(bias)), due)
        moved = [each for each in DRIVER.log if "download" in each]
        assert all("download 16 bytes" in each for each in moved), moved
    for dtype, value in (("uint64", 2**63 + 1), ("int64", -(2**63))):
        x, weight = x.astype(dtype), weight.astype(dtype)
        x[0, 2, 29, 49] = value
        with refused(numconv.RefusedError, f"{abs(value)} x 3", "may not fit"):
            numconv.conv2d(Ndarray(x), Ndarray(weight))


def views() -> None:
    wide = np.repeat(X, 2, axis=3)
    for kind in KINDS:
        must_equal(numconv.conv2d(kind(wide)[..., ::2], kind(WEIGHT)))
        must_equal(numconv.conv2d(kind(X[..., ::-1])[..., ::-1], kind(WEIGHT)))
    within = Packed(np.concatenate([X, X]))[2:]
    within.offset = 2 * X[0].nbytes
    must_equal(numconv.conv2d(within, Packed(WEIGHT)))


def views_of_large_arrays() -> None:
    from numconv_cuda import strided

    wide, before = np.repeat(X, 2, axis=3), strided.LARGEST
    strided.LARGEST = 7
    result = numconv.conv2d(Tensor(wide)[..., ::2], Tensor(WEIGHT))
    strided.LARGEST = before
    must_equal(result)


def out() -> None:
    for kind in (Tensor, Ndarray, Interfaced):
        x, weight = kind(X), kind(WEIGHT)
        wide = kind(np.zeros((*EXPECTED.shape[:3], 2 * EXPECTED.shape[3]), "float32"))
        for room in (kind(np.zeros_like(EXPECTED)), wide[..., ::2]):
            for _ in range(2):
                assert numconv.conv2d(x, weight, out=room) is room
                must_equal(room)
        DRIVER.finish()
        assert not wide.values[..., 1::2].any()


def plans() -> None:
    plan = numconv.plan("conv2d", X.shape, Tensor(WEIGHT))
    for _ in range(3):
        must_equal(plan(Tensor(X)))
    must_equal(plan(Tensor(np.repeat(X, 2, axis=3))[..., ::2]))
    room = Tensor(np.zeros_like(EXPECTED))
    assert plan(Tensor(X), out=room) is room
    must_equal(room)
    with refused(numconv.ArgumentTypeError, "operands[0]", "as planned"):
        plan(Tensor(X, 1))
    with refused(numconv.ArgumentError, "operands[0]", "the planned float32 array"):
        plan(Tensor(X[:1]))


def an_empty_batch_without_an_address() -> None:
    for kind in KINDS:
        result = numconv.conv2d(kind(X[:0]), kind(WEIGHT))
        assert result.shape == (0, *EXPECTED.shape[1:])


def what_is_refused() -> None:
    x, weight = Tensor(X), Tensor(WEIGHT)
    recording = Tensor(WEIGHT)
    recording.requires_grad = True
    masked, read_only = Interfaced(X), Interfaced(np.zeros_like(EXPECTED))
    masked.mask, read_only.read_only = Interfaced(X), True
    brain = Tensor(WEIGHT)
    brain.kind = "bfloat16"
    error, wrong = numconv.ArgumentTypeError, numconv.ArgumentError
    with refused(error, "weight=", "requires_grad", "detach()"):
        numconv.conv2d(x, recording)
    with refused(error, "weight=", "bfloat16", "float32"):
        numconv.conv2d(x, brain)
    with refused(error, "x=", "without a mask"):
        numconv.conv2d(masked, Interfaced(WEIGHT))
    with refused(error, "x=", ">f4", "float32"):
        numconv.conv2d(Interfaced(X.astype(">f4")), Interfaced(WEIGHT))
    with refused(error, "weight=", "memory of 'cuda', where x lies"):
        numconv.conv2d(x, WEIGHT)
    with refused(numconv.BackendError, "cupy.asarray(x)"):
        numconv.conv2d(X, WEIGHT, backend="cuda")
    with refused(wrong, "out=", "a read-only array"):
        numconv.conv2d(Interfaced(X), Interfaced(WEIGHT), out=read_only)
    with refused(wrong, "out=", "float32 array of shape (2, 4, 3, 4)"):
        numconv.conv2d(x, weight, out=x)
    with refused(wrong, "out=", "overlaps an operand"):
        numconv.conv2d(x, Tensor(WEIGHT[:3]), padding=1, out=x)


def operators_made_of_others() -> None:
    three = np.array([1, 2, -1], "float32")
    apart, mix = WEIGHT[:3, :1], WEIGHT[:, :, 0, 0]
    cases: tuple[tuple[Any, tuple[Any, ...], dict[str, Any]], ...] = (
        (numconv.separable_conv2d, (X, three, WEIGHT[0, :, 0]), {}),
        (numconv.flattened_conv2d, (X, mix, three, three), {}),
        (numconv.depthwise_separable_conv2d, (X, apart, mix), {}),
        (numconv.resize_conv2d, (X[:1, :, :3, :3], WEIGHT[:1]), {}),
        (numconv.shuffled_conv2d, (X, WEIGHT[:, :1]), {"groups": 2}),
    )
    for function, (x, *rest), more in cases:
        if "groups" in more:
            x = x[:, :2].copy()
        due = function(x, *rest, **more, **NAIVE)
        for kind in (Tensor, Ndarray):
            result = function(kind(x), *map(kind, rest), **more)
            assert type(result) is kind
            must_equal(result, due)
    must_equal(numconv.channel_shuffle(Tensor(X), 3), numconv.channel_shuffle(X, 3))
    whole, ones = np.arange(24, dtype="int16").reshape(1, 2, 3, 4), np.ones(2, "int16")
    due = numconv.separable_conv2d(whole, ones, ones, **NAIVE)
    must_equal(numconv.separable_conv2d(Ndarray(whole), Ndarray(ones), Ndarray(ones)), due)
    with refused(numconv.ArgumentError, "interpolation=", "'nearest' for arrays in the memory"):
        numconv.resize_conv2d(Tensor(X), Tensor(WEIGHT), interpolation="linear")


SCENES: tuple[Callable[[], None], ...] = (
    arrays_of_every_library,
    involutions_and_transposed_convolutions,
    every_other_argument,
    integers_stay_where_they_are,
    views,
    views_of_large_arrays,
    out,
    plans,
    an_empty_batch_without_an_address,
    what_is_refused,
    operators_made_of_others,
)
