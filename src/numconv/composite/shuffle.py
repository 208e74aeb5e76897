"""The channel shuffle as an operator: it moves data and solves no problem."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.operators import examples
from ..core.operators.examples import Examples
from ..core.protocol import Array, Case, Demonstration, Operand
from ..functional import channel_shuffle
from .common import CompositeOperator


def _definition(x: Array, *, groups: int) -> Array:
    """Store channel c at ``(c % (C/groups)) * groups + c // (C/groups)``, one by one."""
    per_group = x.shape[1] // groups
    shuffled = np.empty_like(x)
    for channel in range(x.shape[1]):
        shuffled[:, channel % per_group * groups + channel // per_group] = x[:, channel]
    return shuffled


def _shuffle(x: Any, *, groups: int = 2, backend: str = "auto") -> Any:
    return channel_shuffle(x, groups)


def _demonstration(picture: Array) -> Demonstration:
    x = np.concatenate([picture, picture[:, :, ::-1], 1 - picture])[None]
    caption = "a picture, its mirror image and its negative: shuffled, each result has all three"
    return Demonstration((np.ascontiguousarray(x),), {"groups": 3}, caption)


CHANNEL_SHUFFLE = CompositeOperator(
    name="channel_shuffle",
    summary="interleaves the channels of groups",
    operands=("x",),
    function=_shuffle,
    definition=_definition,
    named_cases=(
        Case("shuffle_3_of_6", (Operand((2, 6, 5, 4), "float32"),), {"groups": 3}),
        Case("shuffle_signal", (Operand((1, 8, 9), "int16"),), {"groups": 2}),
    ),
    show=_demonstration,
    examples=Examples(examples.shuffled),
)
