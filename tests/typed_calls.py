"""Calls as users write them, for `test_typing.py`: types as asserted, and errors where ignored.

Nothing here runs. An ignored line that is no error is an error itself.
"""

from __future__ import annotations

from typing import Any, Literal, assert_type

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import numconv
from numconv import filters, ndimage, signal

Array = NDArray[Any]


class Tensor:
    """An array of another library's, as a type checker sees it."""

    def __dlpack__(self, *, stream: int | None = None) -> object:
        raise NotImplementedError

    def __array__(self, dtype: Any = None) -> Array:
        raise NotImplementedError

    def cpu(self) -> Tensor:
        raise NotImplementedError


class Table:
    """An array with names, such as pandas has."""

    def to_numpy(self, copy: bool = False) -> Array:
        raise NotImplementedError


x = np.ones((1, 3, 32, 32), np.float32)
weight = np.ones((8, 3, 3, 3), np.float32)
photo = np.zeros((48, 64), np.uint8)
tensor, table, image = Tensor(), Table(), Image.new("RGB", (64, 48))
whichever: Any = x


def results_are_of_the_kind_that_was_given() -> None:
    assert_type(numconv.conv2d(x, weight), Array)
    assert_type(numconv.conv2d(input=x, weight=weight).shape, tuple[Any, ...])
    assert_type(numconv.conv2d(tensor, tensor).cpu(), Tensor)
    assert_type(numconv.conv2d(input=tensor, weight=weight, bias=tensor), Tensor)
    assert_type(numconv.conv2d(table, weight), Array)
    assert_type(numconv.conv2d(whichever, weight), Any)
    assert_type(numconv.conv_transpose2d(x, weight, output_size=(64, 64)), Array)
    assert_type(numconv.involution_block2d(tensor, weight, weight, norm=[x, x, x, x]), Tensor)
    assert_type(numconv.channel_shuffle(tensor, 2), Tensor)
    assert_type(signal.convolve([1, 2, 3], [0, 1, 0.5]), Array)
    assert_type(signal.fftconvolve(photo, [[1.0]], mode="same"), Array)
    assert_type(signal.correlate([1, 2], tensor), Tensor)
    assert_type(signal.choose_conv_method(x, x), Literal["direct", "fft"])
    assert_type(signal.choose_conv_method(x, x, measure=True)[1]["fft"], float)
    assert_type(ndimage.gaussian_filter(photo, 1.5), Array)
    assert_type(ndimage.sobel([[1, 2], [3, 4]], output=np.float32), Array)
    assert_type(ndimage.laplace(tensor), Tensor)
    assert_type(filters.apply(photo, "sobel-x", dtype="float32"), Array)
    assert_type(filters.apply(image, "gaussian"), Image.Image)
    assert_type(filters.apply(tensor, [[1, 2, 1]]), Tensor)
    assert_type(filters.kernel("gaussian", 5).shape, tuple[Any, ...])


def arguments_may_be_whatever_is_accepted() -> None:
    five = np.int64(5)
    numconv.conv2d(x, weight, None, (2, 1), ((0, 1), [2, 3]), np.int8(2), groups=five)
    numconv.conv2d(x, weight, padding="same_lower", padding_mode="circular", activation="gelu")
    numconv.conv2d(x, weight, residual=x, out=x, backend="cpu", algorithm="direct", tune=True)
    numconv.resize_conv2d(x, weight, scale=(2, 3), interpolation="linear", accuracy="strict")
    numconv.normalized_conv2d(x, weight, fill_value=np.float32(0))
    plan = numconv.plan("conv2d", (1, 3, 32, 32), weight, padding=1, dtype="float32")
    assert_type(plan(x, out=x), Array)
    assert_type(plan(tensor), Tensor)
    numconv.explain("conv2d", (1, 3, 32, 32), (8, 3, 3, 3)).to_dict()
    numconv.set_num_threads(np.int32(2))
    signal.convolve2d(x, [[1, 2]], "same", "symm", fillvalue=1.5)
    signal.oaconvolve(x, x, axes=(-2, -1))
    signal.fftconvolve(photo, 2, channel_axis=-1)
    ndimage.correlate(photo, [[1, 2]], None, "grid-wrap", cval=1, origin=(0, 1), axes=(0, 1))
    ndimage.gaussian_filter(photo, (1, np.float32(2)), order=(0, 1), mode=["wrap", "mirror"])
    ndimage.uniform_filter(photo, size=[3, five], output="float32", channel_axis=-1)
    filters.apply(photo, weight, groups=1, nan="ignore", fill_value=0, channel_axis=None)
    filters.window("hann", five, dtype="float64")


def mistakes_are_errors() -> None:
    numconv.conv2d(x, weight, padding_mode="reflcet")  # type: ignore[arg-type]
    numconv.conv2d(x, weight, stride="2")  # type: ignore[arg-type]
    numconv.conv2d(x, weight, stride=1.5)  # type: ignore[arg-type]
    numconv.conv2d(x, weight, padding="sme")  # type: ignore[arg-type]
    numconv.conv2d(x, weight, padding=[0.5, 1])  # type: ignore[list-item]
    numconv.conv2d(x, weight, activation="rlu")  # type: ignore[arg-type]
    numconv.conv2d(x, weight, accuracy="exact")  # type: ignore[arg-type]
    numconv.conv2d(x, [[1, 2]])  # type: ignore[arg-type]
    numconv.conv2d([[1, 2]], weight)  # type: ignore[arg-type]
    numconv.conv2d(x, weight, strides=2)  # type: ignore[call-arg]
    numconv.conv2d(tensor, weight).ravel()  # type: ignore[attr-defined]
    numconv.shuffled_conv2d(x, weight, groups="2")  # type: ignore[arg-type]
    numconv.resize_conv2d(x, weight, interpolation="cubic")  # type: ignore[arg-type]
    numconv.plan("conv2d", 3, weight)  # type: ignore[arg-type]
    numconv.explain("conv2d", (1, 3, 32, 32), dtype="float")  # type: ignore[arg-type]
    signal.convolve(x, x, mode="sme")  # type: ignore[arg-type]
    signal.convolve(x, x, method="fourier")  # type: ignore[arg-type]
    signal.convolve2d(x, x, boundary="reflect")  # type: ignore[arg-type]
    ndimage.sobel(photo, mode="replicate")  # type: ignore[arg-type]
    ndimage.gaussian_filter(photo, "1")  # type: ignore[arg-type]
    filters.apply(photo, "box", nan="skip")  # type: ignore[arg-type]
    filters.apply(photo, "box", channel_axis="last")  # type: ignore[arg-type]
    filters.kernel("gaussian", dtype="float16")  # type: ignore[arg-type]
