"""Pictures with their channels last, and pictures of Pillow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv import filters


def photo(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def by_channel(x: Any, kernel: Any, axis: int, **options: Any) -> Any:
    """Filter each channel alone, as a picture (H, W)."""
    each = [filters.apply(channel, kernel, **options) for channel in np.moveaxis(x, axis, 0)]
    return np.stack(each, axis)


@pytest.mark.parametrize("kernel", ["gaussian", "sobel-x", np.ones((3, 5)), np.ones((15, 15))])
@pytest.mark.parametrize(("shape", "axis"), [((21, 30, 3), -1), ((21, 4, 30), 1), ((3, 21, 30), 0)])
def test_each_channel_is_filtered_alone(kernel: Any, shape: Any, axis: int) -> None:
    x = photo(*shape)
    result = filters.apply(x, kernel, channel_axis=axis, stride=2)
    assert result.flags.c_contiguous
    np.testing.assert_array_equal(result, by_channel(x, kernel, axis, stride=2))


def test_axes_before_stay_where_they_are() -> None:
    x = photo(2, 21, 30, 3)
    result = filters.apply(x, "gaussian", channel_axis=3)
    for picture, filtered in zip(x, result, strict=True):
        np.testing.assert_array_equal(filtered, by_channel(picture, "gaussian", -1))


def test_a_signal_takes_the_window_of_a_name() -> None:
    x = photo(50, 2).astype("float64")
    result = filters.apply(x, "gaussian", channel_axis=-1)
    np.testing.assert_array_equal(result[:, 1], filters.apply(x[:, 1].copy(), "gaussian"))


def test_a_weight_mixes_channels() -> None:
    x, weight = photo(9, 8, 3).astype("float64"), np.random.default_rng(1).random((5, 3, 3, 3))
    result = filters.apply(x, weight, channel_axis=-1)
    expected = filters.apply(np.moveaxis(x, -1, 0).copy(), weight)
    np.testing.assert_array_equal(result, np.moveaxis(expected, 0, -1))
    assert filters.explain(x, weight, channel_axis=-1).result_shape == (9, 8, 5)


def test_out_has_the_axes_of_the_picture() -> None:
    x, out = photo(9, 8, 3), np.zeros((9, 8, 3), np.uint8)
    assert filters.apply(x, "box", channel_axis=-1, out=out) is out
    np.testing.assert_array_equal(out, by_channel(x, "box", -1))


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 30, 4), (7, 20, 30, 3)])
def test_what_looks_like_colours_is_not_blurred_across_them(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"channel_axis=-1.*or channel_axis=None"):
        filters.apply(photo(*shape), "gaussian")
    with pytest.raises(ValueError, match="channel_axis=-1"):
        filters.explain(photo(*shape), "gaussian")
    x = photo(*shape)
    expected = np.stack([filters.apply(each, "gaussian") for each in x.reshape(-1, *shape[-2:])])
    result = filters.apply(x, "gaussian", channel_axis=None)
    np.testing.assert_array_equal(result, expected.reshape(shape))


@pytest.mark.parametrize("shape", [(3, 20, 3), (20, 3), (3, 20, 30)])
def test_what_does_not_is_taken_as_before(shape: Any) -> None:
    assert filters.apply(photo(*shape), "gaussian").shape == shape


@pytest.mark.parametrize("axis", [3, -4, 1.5, "last", (0, 1)])
def test_an_axis_that_is_none_is_refused(axis: Any) -> None:
    with pytest.raises(ValueError, match="channel_axis"):
        filters.apply(photo(9, 8, 3), "gaussian", channel_axis=axis)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_pictures_come_back_as_pictures(mode: str) -> None:
    x = photo(20, 30, len(Image.new(mode, (1, 1)).getbands()))
    image = Image.frombytes(mode, (30, 20), x.tobytes())
    image.info["dpi"] = (72, 72)
    result = filters.apply(image, "gaussian")
    assert (result.mode, result.size, result.info["dpi"]) == (mode, (30, 20), (72, 72))
    expected = by_channel(x, "gaussian", -1)
    np.testing.assert_array_equal(np.asarray(result).reshape(expected.shape), expected)


def test_pictures_of_wide_numbers_come_back_as_such() -> None:
    values = np.random.default_rng(2).integers(0, 2**16, (20, 30)).astype(np.uint16)
    result = filters.apply(Image.fromarray(values), "gaussian")
    assert result.mode == "I;16"
    np.testing.assert_array_equal(np.asarray(result), filters.apply(values, "gaussian"))
    floats = filters.apply(Image.fromarray(values), "gaussian", dtype="float32")
    assert floats.mode == "F"
    slopes = filters.apply(Image.new("RGB", (30, 20)), "sobel-x", dtype="float32")
    assert (type(slopes), slopes.shape) == (np.ndarray, (20, 30, 3))


@pytest.mark.parametrize("mode", ["P", "1", "HSV", "PA"])
def test_numbers_of_pictures_that_mean_no_amount_are_refused(mode: str) -> None:
    with pytest.raises(TypeError, match=rf"mode {mode}.*convert"):
        filters.apply(Image.new(mode, (30, 20)), "gaussian")


def test_wide_integers_are_rounded_to_the_nearest() -> None:
    x = np.random.default_rng(3).integers(0, 2**16, (194, 194)).astype(np.uint16)
    for name in ("gaussian", "box", "disk", "sharpen"):
        exact = filters.apply(x.astype("float64"), name)
        assert (exact % 1 != 0.5).all() or name != "box"
        np.testing.assert_array_equal(filters.apply(x, name), np.clip(np.rint(exact), 0, 65535))
