"""Calls large enough to run on threads, for the processes that the tests start."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import numconv

# Which algorithms are fast enough is for other tests to say.
warnings.simplefilter("ignore", numconv.PerformanceWarning)

Call = Callable[[], Any]


def array(seed: int, *shape: int, dtype: str = "float32") -> np.ndarray:
    """Return values between -8 and 8, the same ones each time."""
    generator = np.random.default_rng(seed)
    return (generator.standard_normal(shape) * 2).clip(-8, 8).astype(dtype)


def table() -> dict[str, Call]:
    """Return calls of every kind by name, none of them made yet."""
    x, weight = array(1, 2, 16, 41, 43), array(2, 24, 16, 3, 3)
    wide, kernels = array(3, 1, 32, 57, 59), array(4, 2, 4, 3, 3, 41, 43)
    return {
        "convolution": partial(numconv.conv2d, x, weight, padding=1, activation="relu"),
        "depthwise": partial(numconv.conv2d, wide, array(5, 32, 1, 3, 3), padding=1, groups=32),
        "transposed": partial(numconv.conv_transpose2d, x, array(6, 16, 8, 4, 4), stride=2),
        "involution": partial(numconv.involution2d, x, kernels, padding=1),
        "loops": partial(numconv.conv2d, x, weight, array(7, 24), algorithm="loops"),
        "integers": partial(
            numconv.conv2d, x.astype("int16"), weight.astype("int16"), dilation=2, padding="same"
        ),
        "small": partial(numconv.conv2d, x[:, :, :5, :5].copy(), weight[:2].copy()),
    }


def same(one: Any, other: Any) -> bool:
    """Return whether two results are equal, bit for bit."""
    return one.dtype == other.dtype and one.shape == other.shape and bytes(one) == bytes(other)
