"""Involution against an oracle of its own: all windows unfolded, then one sum of products."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

import numconv

INVOLUTIONS = {1: numconv.involution1d, 2: numconv.involution2d, 3: numconv.involution3d}
CASES = [
    (1, (2, 6, 31), 3, 5, 1, 2, 1),
    (1, (1, 4, 33), 1, 4, 2, 1, 1),
    (1, (2, 3, 40), 3, 3, 3, 4, 4),
    (2, (2, 8, 9, 11), 2, 3, 1, 1, 1),
    (2, (1, 8, 13, 15), 4, 7, 1, 3, 1),
    (2, (1, 6, 13, 15), 2, 5, 2, 2, 1),
    (2, (2, 6, 14, 11), 6, 3, 2, 1, 1),
    (2, (1, 4, 17, 16), 1, 3, 1, 2, 2),
    (2, (1, 4, 17, 15), 2, 3, 2, 3, 3),
    (2, (1, 4, 6, 5), 2, 2, 1, 0, 1),
    (3, (1, 4, 5, 7, 6), 2, 3, 1, 1, 1),
    (3, (2, 4, 5, 7, 9), 4, 3, 2, 1, 1),
    (3, (1, 2, 9, 8, 7), 1, 2, 1, 2, 2),
]


def unfolded(
    x: Any, groups: int, size: int, stride: int, padding: int, dilation: int
) -> tuple[Any, tuple[int, ...]]:
    """Return every window of `x` as (N, groups, C/groups, taps, positions), and out_shape."""
    axes = x.ndim - 2
    padded = np.pad(x, [(0, 0), (0, 0), *[(padding, padding)] * axes])
    extent = dilation * (size - 1) + 1
    windows = np.lib.stride_tricks.sliding_window_view(
        padded, (extent,) * axes, axis=tuple(range(2, 2 + axes))
    )
    every = (slice(None, None, stride),) * axes
    taps = (slice(None, None, dilation),) * axes
    windows = windows[(slice(None), slice(None), *every, *taps)]
    outputs = windows.shape[2 : 2 + axes]
    flat = windows.reshape(x.shape[0], groups, -1, prod(outputs), size**axes)
    return flat.swapaxes(3, 4), outputs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("axes", "shape", "groups", "size", "stride", "padding", "dilation"),
    CASES,
    ids=lambda value: str(value).replace(" ", ""),
)
def test_involution_equals_unfold_and_sum(
    axes: int,
    shape: tuple[int, ...],
    groups: int,
    size: int,
    stride: int,
    padding: int,
    dilation: int,
    dtype: str,
) -> None:
    rng = np.random.default_rng(11)
    x = rng.standard_normal(shape)
    windows, outputs = unfolded(x, groups, size, stride, padding, dilation)
    kernels = rng.standard_normal((shape[0], groups, *[size] * axes, *outputs))
    flat = kernels.reshape(shape[0], groups, size**axes, -1)
    expected = np.einsum("ngkp,ngckp->ngcp", flat, windows).reshape(*shape[:2], *outputs)
    got = INVOLUTIONS[axes](x.astype(dtype), kernels.astype(dtype), stride, padding, dilation)
    assert got.dtype == dtype
    assert got.shape == expected.shape
    scale = np.einsum("ngkp,ngckp->ngcp", abs(flat), abs(windows)).reshape(expected.shape)
    allowed = 4 * (size**axes + 2) * np.finfo(dtype).eps * scale + np.finfo(dtype).tiny
    assert (np.abs(got - expected) <= allowed).all()


def test_the_same_kernel_everywhere_is_a_depthwise_convolution() -> None:
    rng = np.random.default_rng(12)
    x, weight = rng.standard_normal((1, 4, 9, 8)), rng.standard_normal((2, 3, 3))
    kernels = np.broadcast_to(weight[None, :, :, :, None, None], (1, 2, 3, 3, 9, 8))
    alike = numconv.conv2d(x, np.repeat(weight, 2, 0)[:, None], padding=1, groups=4)
    np.testing.assert_allclose(numconv.involution2d(x, kernels, padding=1), alike, rtol=1e-12)
