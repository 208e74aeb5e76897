"""`--axes`: which axis of an array is what, by a letter for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError
from ..core.protocol import Shape
from .options import ParamType
from .printing import shape as shape_text

Array = NDArray[Any]

BATCH, CHANNELS = "N", "C"
_ALIKE = str.maketrans("ZYX", "DHW")
_SPATIAL = ("L", "W", "HW", "DHW")  # in the order in which an operator has them
EXPECTED = (
    "a letter for each axis of the array, none of them twice: L, or H and W, or D, H and W "
    "(or Z, Y, X), besides C for channels and N for a batch where it has them; e.g. HWC or CDHW"
)


@dataclass(frozen=True)
class Axes:
    """The axes of an array, in its order: N, C and one to three spatial ones.

    Attributes
    ----------
    letters : str
        As they were written, in capitals.
    """

    letters: str

    @property
    def spatial(self) -> int:
        """How many of the axes are spatial."""
        return len(self.letters) - (BATCH in self.letters) - (CHANNELS in self.letters)

    @property
    def taken(self) -> str:
        """The axes as an operator has them: N if there is a batch, C, then the spatial ones."""
        named = {letter.translate(_ALIKE): letter for letter in self.letters}
        batch = BATCH * (BATCH in named)
        return batch + CHANNELS + "".join(named[each] for each in "LDHW" if each in named)

    def given(self, result: Array) -> str:
        """Return the axes in which a result is given: the array's, and C first if it needs one."""
        one = result.shape[self.taken.index(CHANNELS)] == 1
        return self.letters if one or CHANNELS in self.letters else CHANNELS + self.letters

    def taken_shape(self, shape: Shape) -> Shape:
        """Return the shape of an array of this one as an operator has it.

        Raises
        ------
        ArgumentError
            If it has another number of axes.
        """
        if len(shape) != len(self.letters):
            expected = f"{len(shape)} letters, one for each axis of x of shape {shape_text(shape)}"
            raise ArgumentError("axes", self.letters, expected)
        sizes = {CHANNELS: 1, **dict(zip(self.letters, shape, strict=True))}
        return tuple(sizes[each] for each in self.taken)

    def take(self, array: Array) -> Array:
        """Return an array as an operator has it, with one channel where it has no axis of them."""
        shape = self.taken_shape(array.shape)
        there = [self.letters.index(each) for each in self.taken if each in self.letters]
        return np.ascontiguousarray(array.transpose(there)).reshape(shape)

    def give(self, result: Array) -> Array:
        """Return an operator's result in the order of `given`."""
        order, wanted = self.taken, self.given(result)
        if CHANNELS not in wanted:
            result = result.squeeze(order.index(CHANNELS))
            order = order.replace(CHANNELS, "")
        return np.ascontiguousarray(result.transpose([order.index(each) for each in wanted]))


class Letters(ParamType):
    """The letters of `--axes`."""

    name = "letters"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        letters = value.strip().upper()
        spatial = [each for each in letters.translate(_ALIKE) if each not in (BATCH, CHANNELS)]
        once = len(set(letters.translate(_ALIKE))) == len(letters)
        if not once or "".join(sorted(spatial)) not in _SPATIAL:
            self.fail(f"{value!r}: expected {EXPECTED}", param, ctx)
        return Axes(letters)


AXES = click.option(
    "--axes",
    type=Letters(),
    help="What each axis of an array in --input, or of --shape, is: N, C, and L, or H and W, or D, "
    "H and W (or Z, Y, X), e.g. DHW, CDHW, HWC. The result is written in the same order.  "
    "[default, by their number: CL or HW, CHW, NCHW, NCDHW]",
)
