"""What is applied as a result is stored."""

from __future__ import annotations

from dataclasses import dataclass

from ..activations import ACTIVATIONS, INTEGER_ACTIVATIONS
from ..dtypes import kind
from ..errors import ArgumentError


@dataclass(frozen=True)
class Epilogue:
    """``out[shuffled(c)] = activation(result[c] + bias[c] + residual[shuffled(c)])``.

    Parameters
    ----------
    bias : bool
        Whether one value per result channel is added.
    residual : bool
        Whether an array of the result's shape is added.
    activation : str or None
        One of `numconv.core.activations.ACTIVATIONS`.
    shuffle : int
        Number of groups of a channel shuffle: channel ``c`` of ``C`` is stored as
        ``(c % (C / shuffle)) * shuffle + c // (C / shuffle)``; 1 leaves the order
        (X. Zhang et al., "ShuffleNet", arXiv:1707.01083, section 3.1).
    """

    bias: bool = False
    residual: bool = False
    activation: str | None = None
    shuffle: int = 1

    def shapes(self, result_shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of the arrays that are added to a result of this shape."""
        return ((result_shape[1:2],) if self.bias else ()) + (
            (result_shape,) if self.residual else ()
        )

    @property
    def features(self) -> frozenset[str]:
        """What whoever applies it must know of: the parts that are there."""
        parts = {
            "bias": self.bias,
            "residual": self.residual,
            f"activation={self.activation}": self.activation is not None,
            "shuffle": self.shuffle != 1,
        }
        return frozenset(f"epilogue:{name}" for name, there in parts.items() if there)

    def check(self, dtype: str) -> None:
        """Raise unless its parts are of their types, and values of `dtype` can go through it."""
        for name in ("bias", "residual"):
            if type(getattr(self, name)) is not bool:
                raise ArgumentError(f"epilogue.{name}", getattr(self, name), "True or False")
        if type(self.shuffle) is not int or self.shuffle < 1:
            raise ArgumentError("epilogue.shuffle", self.shuffle, "an integer of at least 1")
        if self.activation is None:
            return
        allowed = {"integer": INTEGER_ACTIVATIONS, "complex": ()}.get(kind(dtype), ACTIVATIONS)
        if self.activation not in allowed:
            known = ", ".join(map(repr, ("None", *allowed))).replace("'None'", "None")
            raise ArgumentError("activation", self.activation, f"one of {known} for {dtype}")

    def destination(self, channel: int, channels: int) -> int:
        """Return the channel at which result channel `channel` of `channels` is stored."""
        per_group = channels // self.shuffle
        return channel % per_group * self.shuffle + channel // per_group
