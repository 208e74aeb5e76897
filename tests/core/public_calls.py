"""An example call of every public function, and two values of each number that it takes.

Values are such that arithmetic in 8 bits overflows wherever the function does arithmetic with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import numconv
from numconv import filters, ndimage, signal
from numconv.core.parameters import plain

RNG = np.random.default_rng(24)
REFERENCE = {"backend": "reference"}


def ones(*shape: int) -> Any:
    return RNG.integers(-4, 5, shape).astype("float64")


@dataclass(frozen=True)
class Example:
    """A call with its numbers as keywords; `numbers` gives two values of each."""

    call: Callable[..., Any]
    numbers: Mapping[str, tuple[Any, Any]]


SPATIAL = {1: (300,), 2: (12, 10), 3: (7, 6, 5)}
STEPS = {1: (100, 90), 2: (2, 3), 3: (2, 1)}
MARGINS = {1: (100, 90), 2: (5, 3), 3: (2, 1)}


def windowed(axes: int) -> dict[str, tuple[int, int]]:
    return {"stride": STEPS[axes], "padding": MARGINS[axes], "dilation": STEPS[axes]}


def convolution(name: str, axes: int) -> Example:
    function = getattr(numconv, name)
    x, weight = ones(1, 4, *SPATIAL[axes]), ones(4, 2, *[3] * axes)
    fixed: dict[str, Any] = {"groups": 2, "padding": 2, **REFERENCE}
    numbers = {**windowed(axes), "groups": (2, 1)}
    if name.startswith("normalized"):
        x.flat[5] = np.nan
        weight = abs(weight) + 1
        numbers["fill_value"] = (100, 3)
    if name.startswith("resize"):
        x = ones(1, 4, *[3] * axes)
        del numbers["stride"]
        numbers["dilation"] = (2, 1)
        numbers["scale"] = STEPS[axes]
    return Example(lambda **given: function(x, weight, **{**fixed, **given}), numbers)


def transposed(axes: int) -> Example:
    function = getattr(numconv, f"conv_transpose{axes}d")
    x, weight = ones(1, 4, *[2] * axes), ones(4, 2, *[3] * axes)
    step = {1: 101, 2: 11, 3: 3}[axes]
    fixed: dict[str, Any] = {"groups": 2, "stride": step, **REFERENCE}
    numbers = {
        **{"stride": (step - 1, step), "padding": (1, 0), "dilation": STEPS[axes]},
        **{"groups": (2, 1), "output_padding": (step - 1, step - 2)},
        "output_size": (step + 3, step + 4),
    }
    if axes == 1:
        numbers |= {"padding": (50, 40), "output_size": (120, 110)}
    return Example(lambda **given: function(x, weight, **{**fixed, **given}), numbers)


def involution(axes: int) -> Example:
    function, plain_conv = getattr(numconv, f"involution{axes}d"), getattr(numconv, f"conv{axes}d")
    x = ones(1, 4, *SPATIAL[axes])

    def call(**given: Any) -> Any:
        # As many kernels as there are results.
        values = dict(zip(given, plain(tuple(given.values())), strict=True))
        results = plain_conv(x, np.ones((1, 4, *[3] * axes)), **{**values, **REFERENCE}).shape[2:]
        kernels = np.arange(np.prod([2, *[3] * axes, *results]), dtype="float64") % 7
        shape = (1, 2, *[3] * axes, *results)
        return function(x, kernels.reshape(shape), **{**given, **REFERENCE})

    return Example(call, windowed(axes))


def involution_block(axes: int) -> Example:
    function = getattr(numconv, f"involution_block{axes}d")
    size = {1: (101, 1), 2: (3, 1), 3: (3, 1)}[axes]
    x, rows = ones(1, 18, *SPATIAL[axes]), size[0] ** axes
    arrays = (x, ones(2, 18), ones(rows, 2))
    norm = [ones(2), abs(ones(2)), ones(2), ones(2)]
    fixed = {"kernel_size": size[0], "norm": norm, **REFERENCE}
    numbers = {**windowed(axes), "kernel_size": size, "eps": (100, 3)}
    numbers["padding"] = (size[0] // 2, 0)
    return Example(lambda **given: function(*arrays, **{**fixed, **given}), numbers)


def separable(name: str, axes: int) -> Example:
    function, x = getattr(numconv, name), ones(1, 4, *SPATIAL[axes])
    operands = {
        "separable": [ones(3)] * axes,
        "flattened": [ones(3, 4), ones(3), ones(3)],
        "depthwise": [ones(8, 1, *[3] * axes), ones(5, 8)],
    }[name.partition("_")[0]]
    fixed = {"padding": 2, **REFERENCE}
    return Example(lambda **given: function(x, *operands, **{**fixed, **given}), windowed(axes))


def planned(**given: Any) -> Any:
    size = given.pop("operands", 250)
    made = numconv.plan("conv1d", (1, 4, size), ones(4, 4, 3), **{**given, **REFERENCE})
    return made.problem


def explained(**given: Any) -> Any:
    shape = (1, 4, given.pop("operands", 250))
    return str(numconv.explain("conv1d", shape, (4, 4, 3), **{**given, **REFERENCE}))


def threads(n: Any) -> Any:
    numconv.set_num_threads(n)
    return type(numconv.get_num_threads()), numconv.get_num_threads()


def pool(nbytes: Any) -> Any:
    before = numconv.get_output_pool()
    try:
        numconv.set_output_pool(nbytes)
        return type(numconv.get_output_pool()), numconv.get_output_pool()
    finally:
        numconv.set_output_pool(before)


def of(function: Callable[..., Any], *arrays: Any, **numbers: tuple[Any, Any]) -> Example:
    return Example(lambda **given: function(*arrays, **given), numbers)


def edged(function: Callable[..., Any], *arrays: Any, **numbers: tuple[Any, Any]) -> Example:
    """A filter with a constant beyond the edges."""

    def call(**given: Any) -> Any:
        return function(*arrays, mode="constant", **given)

    return Example(call, {"cval": (100, 3), **numbers})


def curvature(input: Any, axis: int, output: Any, mode: str, cval: float) -> Any:
    return ndimage.correlate1d(input, [1, -2, 1], axis, output, mode, cval)


def along_y(given: Mapping[str, Any]) -> dict[str, Any]:
    return {} if "channel_axis" in given else {"axes": 0}


def axis_given(**given: Any) -> Any:
    return ndimage.correlate(PICTURE, LINE, **{**along_y(given), **given}, mode="constant")


def axis_turned(**given: Any) -> Any:
    return ndimage.convolve(PICTURE, LINE, **{**along_y(given), **given}, mode="constant")


def shown(**given: Any) -> Any:
    if "channel_axis" in given:
        return str(filters.explain(HOLED, "box", **given, **REFERENCE))
    return str(filters.explain(ones(4, 12, 10), KERNEL, **{"groups": 2, **given, **REFERENCE}))


def applied(**given: Any) -> Any:
    if "channel_axis" in given:
        return filters.apply(HOLED, "box", **given, **REFERENCE)
    options = {"groups": 2, "nan": "ignore", **given, **REFERENCE}
    return filters.apply(HOLED, KERNEL, **options)


PICTURE, LINE = ones(9, 10), ones(3)
KERNEL = abs(ones(4, 2, 3, 3)) + 1
HOLED = ones(4, 12, 10)
HOLED[0, :9] = HOLED[1, :9] = np.nan
TURNED = {"axis": (1, 0), "origin": (1, 0)}
ALL_AXES = {"axes": (1, 0), "channel_axis": (1, 0)}
BELL = {"sigma": (12, 3), "truncate": (3, 2), "radius": (4, 2)}

EXAMPLES: dict[str, Example] = {
    **{
        f"numconv.{name}{axes}d": convolution(f"{name}{axes}d", axes)
        for name in ("conv", "shuffled_conv", "normalized_conv", "resize_conv")
        for axes in (1, 2, 3)
    },
    **{f"numconv.conv_transpose{axes}d": transposed(axes) for axes in (1, 2, 3)},
    **{f"numconv.involution{axes}d": involution(axes) for axes in (1, 2, 3)},
    **{f"numconv.involution_block{axes}d": involution_block(axes) for axes in (1, 2, 3)},
    **{
        f"numconv.{name}{axes}d": separable(f"{name}{axes}d", axes)
        for name, ranks in (
            *(("separable_conv", (2, 3)), ("flattened_conv", (2,))),
            ("depthwise_separable_conv", (1, 2, 3)),
        )
        for axes in ranks
    },
    "numconv.channel_shuffle": of(numconv.channel_shuffle, ones(1, 400, 200), groups=(2, 100)),
    "numconv.plan": Example(planned, {"operands": (100, 90), **windowed(1), "stride": (2, 3)}),
    "numconv.explain": Example(explained, {"operands": (100, 90), **windowed(1), "stride": (2, 3)}),
    "numconv.set_num_threads": Example(threads, {"n": (2, 1)}),
    "numconv.set_output_pool": Example(pool, {"nbytes": (100, 90)}),
    "numconv.signal.choose_conv_method": of(signal.choose_conv_method, LINE, LINE),
    "numconv.signal.convolve": of(signal.convolve, LINE, LINE),
    "numconv.signal.correlate": of(signal.correlate, LINE, LINE),
    "numconv.signal.sepfir2d": of(signal.sepfir2d, PICTURE, LINE, LINE),
    "numconv.signal.convolve2d": of(
        signal.convolve2d, PICTURE, PICTURE[:3, :3], fillvalue=(100, 3)
    ),
    "numconv.signal.correlate2d": of(
        signal.correlate2d, PICTURE, PICTURE[:3, :3], fillvalue=(100, 3)
    ),
    "numconv.signal.correlation_lags": Example(
        lambda **given: signal.correlation_lags(**{"in1_len": 100, "in2_len": 90, **given}),
        {"in1_len": (100, 90), "in2_len": (100, 90)},
    ),
    "numconv.signal.fftconvolve": of(signal.fftconvolve, PICTURE, PICTURE, **ALL_AXES),
    "numconv.signal.oaconvolve": of(signal.oaconvolve, PICTURE, PICTURE, **ALL_AXES),
    "numconv.ndimage.convolve": Example(
        axis_turned, {"cval": (100, 3), "origin": (1, 0), **ALL_AXES}
    ),
    "numconv.ndimage.correlate": Example(
        axis_given, {"cval": (100, 3), "origin": (1, 0), **ALL_AXES}
    ),
    "numconv.ndimage.convolve1d": edged(ndimage.convolve1d, PICTURE, LINE, **TURNED),
    "numconv.ndimage.correlate1d": edged(ndimage.correlate1d, PICTURE, LINE, **TURNED),
    "numconv.ndimage.gaussian_filter": edged(
        lambda x, **given: ndimage.gaussian_filter(x, **{"sigma": 1, **given}),
        *(PICTURE,),
        **{"order": (2, 1), **BELL, **ALL_AXES},
    ),
    "numconv.ndimage.gaussian_filter1d": edged(
        lambda x, **given: ndimage.gaussian_filter1d(x, **{"sigma": 1, **given}),
        *(PICTURE,),
        **{"order": (2, 1), "axis": (1, 0), **BELL},
    ),
    **{
        f"numconv.ndimage.{name}": edged(
            lambda x, name=name, **given: getattr(ndimage, name)(x, **{"sigma": 1, **given}),
            *(PICTURE,),
            **{**BELL, **ALL_AXES},
        )
        for name in ("gaussian_laplace", "gaussian_gradient_magnitude")
    },
    **{
        f"numconv.ndimage.{name}": edged(getattr(ndimage, name), PICTURE, curvature, **ALL_AXES)
        for name in ("generic_laplace", "generic_gradient_magnitude")
    },
    "numconv.ndimage.laplace": edged(ndimage.laplace, PICTURE, **ALL_AXES),
    "numconv.ndimage.prewitt": edged(ndimage.prewitt, PICTURE, axis=(1, 0)),
    "numconv.ndimage.sobel": edged(ndimage.sobel, PICTURE, axis=(1, 0)),
    "numconv.ndimage.uniform_filter": edged(
        lambda x, **given: ndimage.uniform_filter(x, **{"size": 3, **given}),
        *(PICTURE,),
        **{"size": (3, 5), "origin": (1, 0), **ALL_AXES},
    ),
    "numconv.ndimage.uniform_filter1d": edged(
        lambda x, **given: ndimage.uniform_filter1d(x, **{"size": 3, **given}),
        *(PICTURE,),
        **{"size": (3, 5), **TURNED},
    ),
    "numconv.filters.apply": Example(
        applied,
        {
            **windowed(2),
            **{"padding": (2, 1), "groups": (2, 1), "fill_value": (100, 3)},
            "channel_axis": (1, 2),
        },
    ),
    "numconv.filters.explain": Example(
        shown, {**windowed(2), "padding": (2, 1), "groups": (2, 1), "channel_axis": (1, 2)}
    ),
    "numconv.filters.kernel": Example(
        lambda **given: filters.kernel("gabor", **given), {"size": (101, 51), "angle": (100, 30)}
    ),
    "numconv.filters.window": Example(
        lambda **given: filters.window("ricker", **given), {"size": (101, 51)}
    ),
    "numconv.filters.formula": of(filters.formula, "gabor"),
    "numconv.filters.names": of(filters.names),
    "numconv.filters.window_names": of(filters.window_names),
    "numconv.get_num_threads": of(numconv.get_num_threads),
    "numconv.get_output_pool": of(numconv.get_output_pool),
    "numconv.release_memory": of(numconv.release_memory),
}

PER_AXIS = {
    *("stride", "padding", "dilation", "output_padding", "output_size", "kernel_size", "scale"),
}
"""Numbers that may also be given as a sequence, one for each axis."""
