"""What `--output` names: the filtered picture or sound, the bare values, or a sheet to look at."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError
from ..core.protocol import Shape
from . import encoding, files, images, limits, panels, sounds, waves, weights
from .inputs import Inputs
from .pictures import FLOATS, Picture
from .sounds import Sound

Array = NDArray[Any]

_LOOKED_AT = 300_000  # samples from which the shades of a picture are chosen


def check(output: Path, inputs: Inputs, sheet: bool = False) -> None:
    """Raise unless the result of such inputs, or a `sheet` of it, can be written to `output`."""
    if sheet and files.kind(output) != "picture":
        raise ArgumentError("output", str(output), "the name of a picture, for --sheet")
    if files.kind(output) != "sound":
        return
    if not isinstance(inputs.origin, Sound):
        raise ArgumentError("output", str(output), "a name ending in .npy, .png, … without a sound")
    sounds.check_output(output)


def check_size(output: Path, inputs: Inputs, shape: Shape, sheet: bool = False) -> None:
    """Raise where a picture of a result of this shape is larger than its format holds.

    How large a sheet is turns out when it is drawn.
    """
    pictured = files.kind(output) == "picture" and isinstance(inputs.origin, Picture)
    if pictured and not sheet and _is_picture(inputs, shape):
        limits.check(output, shape[2], shape[1])


def write(
    name: str, inputs: Inputs, result: Array, output: Path, sheet: bool = False
) -> tuple[str, ...]:
    """Write `result`, of the operator called `name`; say what was done to it for that.

    A filtered picture or sound becomes one like its origin, unless a `sheet` is asked for, that
    shows what was before it and after.
    """
    kind, origin = files.kind(output), inputs.origin
    notes: tuple[str, ...] = () if origin is None else origin.notes
    if kind == "array" and inputs.axes is not None:
        images.write_array(output, inputs.axes.give(result))
        order = inputs.axes.given(result)
        return notes if order == inputs.axes.letters else (*notes, f"it was written as {order}")
    if kind == "array":
        flat = inputs.flat and result.shape[0] == 1
        images.write_array(output, result[0] if flat else result)
        return notes
    if kind == "sound":
        assert isinstance(origin, Sound)
        return (*notes, *sounds.write(output, _sound(name, inputs, origin, result)))
    if isinstance(origin, Picture) and not sheet:
        if _is_picture(inputs, result.shape):
            check_size(output, inputs, result.shape)
            picture, shaded = _picture(inputs, origin, result, output)
            return (*notes, *shaded, *encoding.write(output, picture))
        notes += (f"{len(result)} channels are no picture: a sheet shows them",)
    drawn = _sheet(name, inputs, result)
    limits.check(output, *drawn.size)
    images.write_picture(output, drawn)
    return notes


def _sheet(name: str, inputs: Inputs, result: Array) -> Any:
    caption = f"{name}: {inputs.caption}"
    if inputs.x.ndim == result.ndim == 2:
        rate = inputs.origin.rate if isinstance(inputs.origin, Sound) else None
        changed = None if rate is None else _rate(name, inputs, rate)
        return waves.sheet([("input", inputs.x, rate), ("output", result, changed)], caption)
    before, after, origin = inputs.x, result, inputs.origin
    if isinstance(origin, Picture) and len(before) > len(origin.colours):
        colours, alpha, _ = _parted(inputs, origin, _real(result, inputs.white))
        before, after = origin.on_white, Picture(colours, alpha).on_white
    shown = [("input", before), ("output", after)]
    return panels.side_by_side(
        [panels.panel(title, values, inputs.coloured) for title, values in shown], caption
    )


def _is_picture(inputs: Inputs, shape: Shape) -> bool:
    return len(shape) == 3 and prod(shape) > 0 and shape[0] in (1, 3, len(inputs.x))


def _picture(
    inputs: Inputs, origin: Picture, result: Array, output: Path
) -> tuple[Picture, tuple[str, ...]]:
    """Return a result as a picture like its origin, and how its values became shades."""
    values = _real(result, inputs.white)
    colours, alpha, notes = _parted(inputs, origin, values)
    if encoding.depth_in(output, origin.depth) not in FLOATS:
        step = max(1, colours.shape[1] * colours.shape[2] // _LOOKED_AT)
        seen = colours.reshape(len(colours), -1)[:, ::step]
        if weights.cancels(inputs.arrays[1]) or origin.depth in FLOATS:
            gain, offset, note = panels.shading(np.nan_to_num(seen, posinf=0.0, neginf=0.0))
            colours = colours * np.float32(gain) + np.float32(offset)
        else:
            note = "clipped to 0 to 1" if seen.min() < -0.02 or seen.max() > 1.02 else ""
        notes += (note,) if note else ()
    kept = dict(origin.kept)
    if len(colours) != len(origin.colours):
        kept.pop("icc_profile", None)  # of colours, for which grey has no use
    bands = origin.bands if len(colours) == len(origin.colours) else 0
    return replace(origin, colours=colours, alpha=alpha, kept=kept, bands=bands), notes


def _parted(
    inputs: Inputs, origin: Picture, values: Array
) -> tuple[Array, Array | None, tuple[str, ...]]:
    """Return the colours, and the transparency: filtered with them, or the origin's."""
    if origin.alpha is None:
        return values, None, ()
    if len(values) > len(origin.colours):
        # Of a kernel whose sum is not 1 the opacity keeps its share, and the colours the sum.
        opacity = values[-1] / np.float32(inputs.arrays[1][0].sum())
        channels = values[:-1].copy()
        channels[: len(origin.painted)] /= np.where(opacity > 0, opacity, np.float32(1))
        return channels, opacity.clip(0, 1), ()
    if origin.alpha.shape == values.shape[1:]:
        return values, origin.alpha, ()
    return values, None, ("the transparency does not fit the result, and was left out",)


def _sound(name: str, inputs: Inputs, origin: Sound, result: Array) -> Sound:
    samples = _real(result, inputs.white)
    rate = _rate(name, inputs, origin.rate)
    return Sound(samples.reshape(-1, samples.shape[-1]), rate, origin.depth)


def _rate(name: str, inputs: Inputs, rate: int) -> int:
    """Return the rate at which the result lasts as long as the input."""
    stride = int(np.max(inputs.parameters.get("stride", 1)))
    return rate * stride if name == "transposed" else round(rate / stride)


def _real(result: Array, white: float) -> Array:
    real = np.abs(result) if np.iscomplexobj(result) else result
    dtype = np.float64 if real.dtype.itemsize == 8 and real.dtype.kind == "f" else np.float32
    real = np.asarray(real, dtype)
    return real if white == 1 else real / dtype(white)
