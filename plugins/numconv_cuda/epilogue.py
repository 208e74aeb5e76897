"""What every kernel ends with: bias, residual and activation of a sum, and where it is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .activate import activation
from .part import part


@part
def destination(channel: Any, per_group: Any, shuffle: Any) -> Any:
    """Return where a channel is stored, of groups of so many: `Epilogue.destination`."""
    return channel % per_group * shuffle + channel // per_group


def storing(activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Return the part that applies the epilogue of `activation_name` to a sum and stores it."""
    activate = activation(activation_name, wide)

    @part
    def store(
        total: Any,
        channel: Any,
        place: Any,
        has_bias: Any,
        has_residual: Any,
        bias: Any,
        residual: Any,
        out: Any,
    ) -> None:
        if has_bias:
            total += wide(bias[channel])
        if has_residual:
            total += wide(residual[place])
        out[place] = activate(total)

    return store
