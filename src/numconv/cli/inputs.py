"""What `numconv run` runs on: a demonstration, files, or random tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ..core import dtypes
from ..core.errors import ArgumentError
from ..core.operators.demonstrations import shrink
from ..core.optional import needed_operands
from ..core.protocol import Operand, Operator, Shape
from . import decoding, files, images, ranks, sounds, weights
from .axes import Axes
from .operands import complete, random
from .pictures import Picture
from .sounds import Sound

Array = NDArray[Any]

LEAST_SIDE = 16
MOST_PIXELS = 2_000_000
"""Of a demonstration: an involution's kernels are some 300 bytes for each of them."""


@dataclass(frozen=True)
class Inputs:
    """The arrays and parameters of a call, where they come from, and a caption for a picture.

    Attributes
    ----------
    coloured : bool
        Whether channels in threes are red, green and blue.
    origin : Picture, Sound or None
        What is filtered, where the result is to be one as well.
    white : float
        What stands in x for a picture's white, and for a sound's full scale.
    flat : bool
        Whether the file has no axis of channels; x has one.
    axes : Axes or None
        What was said of the axes of the file; x has them as an operator does.
    """

    arrays: tuple[Array, ...]
    parameters: Mapping[str, Any]
    source: str
    caption: str = ""
    coloured: bool = False
    origin: Picture | Sound | None = None
    white: float = 1.0
    flat: bool = False
    axes: Axes | None = None

    @property
    def x(self) -> Array:
        return self.arrays[0]


@dataclass(frozen=True)
class Wishes:
    """What the command line says about the operands."""

    path: Path | None = None
    weights: tuple[str, ...] = ()
    size: int | None = None
    shape: Shape | None = None
    weight_shapes: tuple[Shape, ...] = ()
    kernel: Any = None
    out_channels: int | None = None
    dtype: str | None = None
    seed: int = 0
    axes: Axes | None = None

    @property
    def chooses_shapes(self) -> bool:
        """Whether something is said about the shapes of random weights."""
        return bool(self.weight_shapes) or self.kernel is not None or self.out_channels is not None

    def check(self) -> None:
        """Raise for options that contradict each other."""
        if self.path is not None and self.shape is not None:
            raise click.UsageError("--input and --shape exclude each other")
        if self.weights and self.chooses_shapes:
            reason = "--weight already says the weight's shape (--size is a named kernel's)"
            raise click.UsageError(reason)
        if self.size is not None and not any(map(weights.is_name, self.weights)):
            raise click.UsageError("--size is that of a named kernel, --weight NAME")
        if self.dtype is not None and self.dtype not in dtypes.DTYPES:
            raise ArgumentError("dtype", self.dtype, "one of " + ", ".join(dtypes.DTYPES))

    def check_kind(self, kind: str) -> None:
        """Raise where axes are named of what is no array."""
        if self.axes is not None and kind != "array":
            expected = f"an array in --input, or --shape, to name the axes of: a {kind} has its own"
            raise ArgumentError("axes", self.axes.letters, expected)


def gather(
    operator: Operator,
    wishes: Wishes,
    parameters: Mapping[str, Any],
    most_pixels: int = MOST_PIXELS,
) -> Inputs:
    """Return the arrays and parameters of the call that the command line asks for.

    A demonstration has up to about `most_pixels`.
    """
    wishes.check()
    opened = _opened(wishes, parameters)
    if isinstance(opened.origin, Sound):
        ranks.fitted(operator, opened.x.shape, 1)
    if wishes.weights:
        return _weighted(operator, opened, wishes)
    if wishes.chooses_shapes or opened.origin is None:
        return _randomly_weighted(operator, opened, wishes)
    if isinstance(opened.origin, Sound):
        expected = "--weight with a sound, e.g. --weight gaussian --size 31 (see `numconv filters`)"
        raise ArgumentError("input", opened.source, expected)
    return _demonstration(operator, opened, wishes, most_pixels)


def _opened(wishes: Wishes, parameters: Mapping[str, Any]) -> Inputs:
    """Return x, and nothing else yet."""
    if wishes.shape is not None:
        described = Operand(wishes.shape, wishes.dtype or "float32")
        x = random(described, np.random.default_rng(wishes.seed))
        return _laid_out(x, wishes, parameters, "random")
    kind = "picture" if wishes.path is None else files.kind(wishes.path)
    wishes.check_kind(kind)
    if wishes.path is None:
        shipped = images.shipped()
        source = "the photograph that ships with numconv"
        return Inputs((shipped.colours,), parameters, source, origin=shipped)
    path = wishes.path
    if kind == "array":
        return _laid_out(images.read_array("input", path), wishes, parameters, str(path))
    if kind == "sound":
        sound = sounds.read("input", path)
        return Inputs((sound.samples,), parameters, str(path), origin=sound)
    picture = decoding.read("input", path)
    return Inputs((picture.on_white,), parameters, str(path), origin=picture)


def _laid_out(x: Array, wishes: Wishes, parameters: Mapping[str, Any], source: str) -> Inputs:
    """Return an array with its axes as an operator has them, where they were named."""
    axes = wishes.axes
    return Inputs((x if axes is None else axes.take(x),), parameters, source, axes=axes)


def _demonstration(operator: Operator, opened: Inputs, wishes: Wishes, most_pixels: int) -> Inputs:
    picture, source = opened.x, opened.source
    if isinstance(opened.origin, Picture):
        picture = picture[: len(opened.origin.painted)]
    if min(picture.shape[1:]) < LEAST_SIDE:
        expected = f"at least {LEAST_SIDE}x{LEAST_SIDE} pixels to demonstrate on, or a --weight"
        raise ArgumentError("input", source, expected)
    factor = ceil(sqrt(picture.shape[1] * picture.shape[2] / most_pixels))
    if factor > 1:
        picture = shrink(picture, factor)
        source += f", reduced {factor} times for a demonstration (--weight takes all of it)"
    colour = np.ascontiguousarray(np.broadcast_to(picture, (3, *picture.shape[1:])))
    shown = operator.demonstration(colour)
    arrays = tuple(
        weights.converted(array, wishes.dtype, name)
        for array, name in zip(shown.arrays, operator.operands, strict=False)
    )
    parameters = {**shown.parameters, **opened.parameters}
    return Inputs(arrays, parameters, source, shown.caption, coloured=True)


def _with_channels(opened: Inputs, rank: int) -> Inputs:
    """Return x with an axis of channels, where those of its file are `rank` spatial ones alone."""
    if opened.x.ndim != rank:
        return opened
    return replace(opened, arrays=(opened.x[None],), flat=True)


def _randomly_weighted(operator: Operator, opened: Inputs, wishes: Wishes) -> Inputs:
    if wishes.shape is None:
        opened = _with_channels(opened, 1)
    x = weights.converted(opened.x, wishes.dtype, "x")
    operator, operands, completed = complete(
        operator,
        Operand(x.shape, x.dtype.name),
        wishes.weight_shapes,
        wishes.kernel,
        wishes.out_channels,
        opened.parameters,
        axes=None if opened.axes is None else opened.axes.spatial,
    )
    generator = np.random.default_rng(wishes.seed + 1)
    others = [random(operand, generator) for operand in operands[1:]]
    name = " and ".join(needed_operands(operator)) or "operands"
    return replace(
        opened,
        arrays=(x, *others),
        parameters=completed,
        caption=f"random {name}, seed {wishes.seed}",
        origin=opened.origin if isinstance(opened.origin, Sound) else None,
    )


def _weighted(operator: Operator, opened: Inputs, wishes: Wishes) -> Inputs:
    """Return the call with a kernel for each channel by itself, or with weights from files."""
    origin, parameters = opened.origin, opened.parameters
    if opened.axes is None:
        operator = ranks.taking(operator, len(wishes.weights))
        channel_axes = weights.ranks(opened.x, origin)
    else:
        operator = ranks.fitted(operator, opened.x.shape, opened.axes.spatial)
        channel_axes = (opened.axes.spatial,)
    given = weights.read(operator, wishes.weights, wishes.size, channel_axes)
    if isinstance(given, weights.Kernel):
        if parameters.get("groups") is not None:
            raise click.UsageError("a kernel is applied to each channel: leave out --groups")
        opened = _with_channels(opened, given.taps.ndim)
        x = given.x(opened.x, origin)
        others, caption = [given.weight(x)], given.caption
        parameters = given.parameters(operator, x, parameters)
    else:
        opened = _with_channels(opened, 1)
        x = opened.x
        others, caption = given, f"weights from {', '.join(wishes.weights)}"
        if isinstance(origin, Picture):
            origin = origin.opaque()
    white = weights.white(x, wishes.dtype)
    x = weights.converted(x, wishes.dtype, "x")
    named = zip(others, needed_operands(operator), strict=True)
    arrays = [weights.converted(each, x.dtype.name, name) for each, name in named]
    return replace(
        opened,
        arrays=(x, *arrays),
        parameters=parameters,
        caption=caption,
        origin=origin,
        white=white,
    )


def shapes(names: Sequence[str], arrays: Sequence[Array]) -> dict[str, list[int]]:
    """Return the shape of each array by its operand's name."""
    return {name: list(array.shape) for name, array in zip(names, arrays, strict=False)}
