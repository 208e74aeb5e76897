"""Shapes of the weights that an operator takes when nobody says which, for random tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd, prod
from typing import Any

from ..core.errors import ArgumentError
from ..core.geometry import output_size, padding_pairs, per_axis
from ..core.protocol import Operand, Shape

_KERNELS = {"pointwise": 1, "transposed": 4, "involution": 7, "involution_block": 7}
_INVOLUTION_GROUP = 16  # channels that share a kernel, as in section 4 of arXiv:2103.06255
_REDUCTION = 4  # of the channels in a kernel generator, as in the same section


@dataclass(frozen=True)
class Layout:
    """What the shapes are chosen from; `parameters` takes what was chosen besides."""

    operator: str
    x: Operand
    axes: int
    kernel: Any
    out_channels: int | None
    parameters: dict[str, Any]

    @property
    def channels(self) -> int:
        return self.x.shape[-self.axes - 1]

    @property
    def outputs(self) -> int:
        return self.out_channels or self.channels

    @property
    def sizes(self) -> Shape:
        """Kernel size per axis."""
        default = _KERNELS.get(self.operator, 3)
        return per_axis("kernel", default if self.kernel is None else self.kernel, self.axes, 1)

    def per_axis(self, name: str) -> Shape:
        return per_axis(name, self.parameters.get(name, 1), self.axes, 1)


def divisor(number: int) -> int:
    """Return 4, 3 or 2, whichever first divides `number`, else `number` itself."""
    return next((groups for groups in (4, 3, 2) if number % groups == 0), number)


def _weight(layout: Layout) -> tuple[Shape, ...]:
    name, channels, outputs = layout.operator, layout.channels, layout.outputs
    if name == "depthwise":
        layout.parameters.setdefault("groups", channels)
    elif name in ("grouped", "shuffled"):
        layout.parameters.setdefault("groups", divisor(gcd(channels, outputs)))
    groups = layout.parameters.get("groups", 1)
    for each, number in (("C_in", channels), ("C_out", outputs)):
        if number % groups:
            raise ArgumentError("groups", groups, f"a divisor of {each}={number}")
    if name == "transposed":
        return ((channels, outputs // groups, *layout.sizes),)
    return ((outputs, channels // groups, *layout.sizes),)


def _involution_groups(layout: Layout) -> int:
    channels = layout.channels
    default = channels // _INVOLUTION_GROUP if channels % _INVOLUTION_GROUP == 0 else 1
    groups: int = layout.parameters.pop("groups", default)
    if channels % groups:
        raise ArgumentError("groups", groups, f"a divisor of C={channels}")
    return groups


def _kernels(layout: Layout) -> tuple[Shape, ...]:
    sizes, stride, dilation = layout.sizes, layout.per_axis("stride"), layout.per_axis("dilation")
    spatial = layout.x.shape[-layout.axes :]
    padding = layout.parameters.setdefault("padding", "same")
    pairs = padding_pairs(padding, spatial, sizes, stride, dilation)
    outputs = tuple(
        max(output_size(size, k, s, lo, hi, d), 1)
        for size, k, s, (lo, hi), d in zip(spatial, sizes, stride, pairs, dilation, strict=True)
    )
    batch = layout.x.shape[: -layout.axes - 1]
    return ((*batch, _involution_groups(layout), *sizes, *outputs),)


def _generator(layout: Layout) -> tuple[Shape, ...]:
    reduced = max(1, layout.channels // _REDUCTION)
    layout.parameters.setdefault("kernel_size", layout.sizes)
    spanned = _involution_groups(layout) * prod(layout.sizes)
    ones = (1,) * layout.axes
    return (reduced, layout.channels, *ones), (spanned, reduced, *ones)


def _depthwise_separable(layout: Layout) -> tuple[Shape, ...]:
    channels = layout.channels
    return (channels, 1, *layout.sizes), (layout.outputs, channels, *(1,) * layout.axes)


def _separable(layout: Layout) -> tuple[Shape, ...]:
    return tuple((size,) for size in layout.sizes)


def _flattened(layout: Layout) -> tuple[Shape, ...]:
    return (layout.outputs, layout.channels), *((layout.outputs, size) for size in layout.sizes)


def _slid(layout: Layout) -> tuple[Shape, ...]:
    return ((*(1,) * (layout.x.ndim - layout.axes), *layout.sizes),)


def _none(layout: Layout) -> tuple[Shape, ...]:
    if layout.operator == "channel_shuffle":
        layout.parameters.setdefault("groups", divisor(layout.channels))
    return ()


CHOOSERS: dict[tuple[str, ...], Callable[[Layout], tuple[Shape, ...]]] = {
    ("weight",): _weight,
    ("weights",): _slid,
    ("kernels",): _kernels,
    ("reduce_weight", "span_weight"): _generator,
    ("depthwise_weight", "pointwise_weight"): _depthwise_separable,
    ("column", "row"): _separable,
    ("depth", "column", "row"): _separable,
    ("lateral", "vertical", "horizontal"): _flattened,
    (): _none,
}
"""How to choose the shapes of operands with these names."""

CHANGE_CHANNELS = (
    ("weight",),
    ("depthwise_weight", "pointwise_weight"),
    ("lateral", "vertical", "horizontal"),
)
"""The operands of which some choose the number of channels of the result."""
