"""Calls as users make them, for `numconv warmup`: README's, and those of each module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import numconv

from .. import filters, ndimage, signal
from ..core import plugins
from ..core.protocol import Operator
from . import images

Call = Callable[[], Any]
PICTURES = ("uint8", "float32", "float64")
FLOATS = ("float32", "float64")


def calls() -> dict[str, list[Call]]:
    """Return groups of calls by their names; all take well under a second once compiled."""
    return {
        "README": list(_readme()),
        "numconv.signal": list(_signal()),
        "numconv.ndimage": list(_ndimage()),
        "numconv.filters": list(_filters()),
        "numconv run": [partial(_demonstrated, each) for each in plugins.operators().values()],
    }


def _random(*shape: int, dtype: str = "float32") -> Any:
    values = np.random.default_rng(0).random(shape)
    return (values * 255).astype(dtype) if dtype == "uint8" else values.astype(dtype)


def _readme() -> Iterator[Call]:
    for dtype in FLOATS:
        x, weight = _random(1, 64, 56, 56, dtype=dtype), _random(128, 64, 3, 3, dtype=dtype)
        modes: dict[str, Any] = {"padding": "same", "padding_mode": "reflect"}
        yield partial(numconv.conv2d, x, weight, stride=2, activation="relu", **modes)
        yield partial(
            numconv.conv_transpose2d, x, weight[:64], stride=2, padding=1, output_size=112
        )
        yield partial(numconv.shuffled_conv2d, x, weight[:, :16], groups=4)
        yield partial(numconv.involution2d, x, _random(1, 4, 7, 7, 56, 56, dtype=dtype), padding=3)
        yield partial(_planned, x, weight)


def _planned(x: Any, weight: Any) -> None:
    numconv.plan("conv2d", x.shape, weight, padding=1)(x)
    numconv.conv2d(x, weight, padding=1)
    numconv.conv2d(x, weight[:, :, :1, :1])
    numconv.conv2d(x, weight[:64, :1], padding=1, groups=64)


def _signal() -> Iterator[Call]:
    for dtype in FLOATS:
        for samples, taps in ((100_000, 501), (100_000, 21), (1_000, 100), (1_000_000, 9)):
            pair = _random(samples, dtype=dtype), _random(taps, dtype=dtype)
            yield partial(signal.convolve, *pair, mode="same")
            yield partial(signal.correlate, *pair)
            yield partial(signal.fftconvolve, *pair)
        for size in (3, 31):
            pair = _random(200, 300, dtype=dtype), _random(size, size, dtype=dtype)
            yield partial(signal.convolve2d, *pair, mode="same", boundary="symm")
            yield partial(signal.fftconvolve, *pair, mode="same")
        taps = _random(5, dtype=dtype)
        yield partial(signal.sepfir2d, pair[0], taps, taps)
    yield partial(signal.convolve, np.arange(10_000), np.arange(50))


def _ndimage() -> Iterator[Call]:
    for dtype in PICTURES:
        x = _random(200, 300, dtype=dtype)
        for name in ("sobel", "prewitt", "laplace"):
            yield partial(getattr(ndimage, name), x)
        for name in ("gaussian_filter", "gaussian_laplace", "gaussian_gradient_magnitude"):
            yield partial(getattr(ndimage, name), x, 2)
        yield partial(ndimage.uniform_filter, x, 5)
        yield partial(ndimage.uniform_filter, x, 31)
        yield partial(ndimage.correlate, x, np.ones((3, 5)))
        yield partial(ndimage.convolve1d, x, [1, 2, 1])


def _filters() -> Iterator[Call]:
    for dtype in PICTURES:
        grey, colours = _random(200, 300, dtype=dtype), _random(200, 300, 3, dtype=dtype)
        for kernel in ("gaussian", "sobel-x", "unsharp", np.ones((15, 15))):
            yield partial(filters.apply, grey, kernel)
            yield partial(filters.apply, colours, kernel, channel_axis=-1)
        yield partial(filters.apply, grey, "sobel-x", dtype="float32")
        yield partial(filters.apply, grey.ravel(), "gaussian")


def _demonstrated(operator: Operator) -> None:
    """Make the call of ``numconv run --op`` on the photograph that ships with the package."""
    shown = operator.demonstration(images.photograph())
    operator.apply(*shown.arrays, **shown.parameters)
