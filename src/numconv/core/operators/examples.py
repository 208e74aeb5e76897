"""Examples of calls: the shapes of the other operands where only x is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd, prod
from typing import Any

from ..errors import ArgumentError
from ..geometry import output_size, padding_pairs, per_axis
from ..protocol import Case, Operand
from ..types import Shape

_INVOLUTION_GROUP = 16  # channels that share a kernel, as in section 4 of arXiv:2103.06255
_REDUCTION = 4  # of the channels in a kernel generator, as in the same section


@dataclass(frozen=True)
class Wish:
    """What an example is made from; `parameters` takes what is chosen besides."""

    x: Operand
    axes: int
    sizes: Shape
    """Of the kernel, per axis."""

    outputs: int
    parameters: dict[str, Any]

    @property
    def channels(self) -> int:
        return self.x.shape[-self.axes - 1]

    @property
    def spatial(self) -> Shape:
        return self.x.shape[-self.axes :]

    def per_axis(self, name: str) -> Shape:
        return per_axis(name, self.parameters.get(name, 1), self.axes, 1)


@dataclass(frozen=True)
class Examples:
    """How an operator makes its examples."""

    shapes: Callable[[Wish], tuple[Shape, ...]]
    """Of the operands after x."""

    kernel: int = 3
    """The kernel's size on each axis, by default."""

    chooses_channels: bool = False
    """Whether the operands say how many channels the result has."""

    def case(
        self,
        operator: str,
        x: Operand,
        axes: int,
        kernel: Any,
        out_channels: int | None,
        parameters: dict[str, Any],
    ) -> Case:
        """Return what `numconv.core.optional.Exemplary.example` asks for."""
        if axes < 1 or x.ndim < axes + 1:
            expected = "N, C and one to three spatial axes, e.g. 1x64x56x56"
            raise ArgumentError("shape", x.shape, expected)
        sizes = per_axis("kernel", self.kernel if kernel is None else kernel, axes, 1)
        channels = x.shape[-axes - 1]
        if not self.chooses_channels and out_channels not in (None, channels):
            expected = f"{channels}, the channels that {operator} keeps"
            raise ArgumentError("out_channels", out_channels, expected)
        wish = Wish(x, axes, sizes, out_channels or channels, dict(parameters))
        others = [Operand(shape, x.dtype) for shape in self.shapes(wish)]
        return Case("example", (x, *others), wish.parameters)


class ByExamples:
    """An operator that has examples for any input (`optional.Exemplary`), made by `examples`."""

    name: str
    examples: Examples

    def example(
        self,
        x: Operand,
        axes: int,
        *,
        kernel: Any = None,
        out_channels: int | None = None,
        **parameters: Any,
    ) -> Case:
        """Return a call on `x` as it is usual, with everything that is said kept."""
        return self.examples.case(self.name, x, axes, kernel, out_channels, parameters)


def divisor(number: int) -> int:
    """Return 4, 3 or 2, whichever first divides `number`, else `number` itself."""
    return next((groups for groups in (4, 3, 2) if number % groups == 0), number)


def weight(wish: Wish) -> tuple[Shape, ...]:
    """Return the shape of a convolution's weight."""
    return ((wish.outputs, wish.channels // _groups(wish), *wish.sizes),)


def depthwise(wish: Wish) -> tuple[Shape, ...]:
    """Return it with as many groups as there are channels."""
    wish.parameters.setdefault("groups", wish.channels)
    return weight(wish)


def grouped(wish: Wish) -> tuple[Shape, ...]:
    """Return it with a few groups."""
    wish.parameters.setdefault("groups", divisor(gcd(wish.channels, wish.outputs)))
    return weight(wish)


def transposed(wish: Wish) -> tuple[Shape, ...]:
    """Return the shape of a transposed convolution's weight."""
    return ((wish.channels, wish.outputs // _groups(wish), *wish.sizes),)


def _groups(wish: Wish) -> int:
    groups: int = wish.parameters.get("groups", 1)
    for each, number in (("C_in", wish.channels), ("C_out", wish.outputs)):
        if number % groups:
            raise ArgumentError("groups", groups, f"a divisor of {each}={number}")
    return groups


def kernels(wish: Wish) -> tuple[Shape, ...]:
    """Return the shape of an involution's kernels."""
    sizes, stride, dilation = wish.sizes, wish.per_axis("stride"), wish.per_axis("dilation")
    padding = wish.parameters.setdefault("padding", "same")
    pairs = padding_pairs(padding, wish.spatial, sizes, stride, dilation)
    axes = zip(wish.spatial, sizes, stride, pairs, dilation, strict=True)
    outputs = (max(output_size(size, k, s, lo, hi, d), 1) for size, k, s, (lo, hi), d in axes)
    batch = wish.x.shape[: -wish.axes - 1]
    return ((*batch, _involution_groups(wish), *sizes, *outputs),)


def generator(wish: Wish) -> tuple[Shape, ...]:
    """Return the shapes of the two weights from which an involution's kernels are made."""
    reduced = max(1, wish.channels // _REDUCTION)
    wish.parameters.setdefault("kernel_size", wish.sizes)
    spanned = _involution_groups(wish) * prod(wish.sizes)
    ones = (1,) * wish.axes
    return (reduced, wish.channels, *ones), (spanned, reduced, *ones)


def _involution_groups(wish: Wish) -> int:
    channels = wish.channels
    default = channels // _INVOLUTION_GROUP if channels % _INVOLUTION_GROUP == 0 else 1
    groups: int = wish.parameters.pop("groups", default)
    if channels % groups:
        raise ArgumentError("groups", groups, f"a divisor of C={channels}")
    return groups


def depthwise_separable(wish: Wish) -> tuple[Shape, ...]:
    """Return the shapes of a depthwise and a pointwise weight."""
    channels = wish.channels
    return (channels, 1, *wish.sizes), (wish.outputs, channels, *(1,) * wish.axes)


def vectors(wish: Wish) -> tuple[Shape, ...]:
    """Return one vector of weights for each axis."""
    return tuple((size,) for size in wish.sizes)


def flattened(wish: Wish) -> tuple[Shape, ...]:
    """Return weights across channels, and one vector for each axis and channel of the result."""
    return (wish.outputs, wish.channels), *((wish.outputs, size) for size in wish.sizes)


def slid(wish: Wish) -> tuple[Shape, ...]:
    """Return the shape of weights that slide along the spatial axes alone."""
    return ((*(1,) * (wish.x.ndim - wish.axes), *wish.sizes),)


def shuffled(wish: Wish) -> tuple[Shape, ...]:
    """Return no shape; the channels are in a few groups."""
    wish.parameters.setdefault("groups", divisor(wish.channels))
    return ()


def nothing(wish: Wish) -> tuple[Shape, ...]:
    """Return no shape."""
    return ()
