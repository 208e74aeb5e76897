"""PyTorch's tensors: whether what one exports is what it means.

A tensor may keep its values otherwise than its memory says: as their negatives, as conjugates, in a
wrapper of another library's, or not at all. PyTorch itself exports some of these as they lie.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np

from .dtypes import DTYPES
from .errors import ArgumentError, ArgumentTypeError

_DENSE = "a tensor with values in memory"


def torch_of(value: Any) -> Any:
    """Return PyTorch if `value` is one of its tensors, else None."""
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    return torch if isinstance(tensor, type) and isinstance(value, tensor) else None


def resolved(argument: str, value: Any, torch: Any, written: bool = False) -> Any:
    """Return a tensor whose memory holds what `value` means.

    Parameters
    ----------
    argument : str
        What the caller calls it.
    value : torch.Tensor
    torch : module
    written : bool
        Whether it is to be written to: then it must be so by itself.

    Raises
    ------
    ArgumentTypeError
        If its values lie elsewhere, or have no memory.
    ArgumentError
        If gradients would be lost.
    """
    _check_kind(argument, value, torch)
    if value.requires_grad:
        if torch.is_grad_enabled():
            raise ArgumentError(
                argument,
                "a tensor that requires gradients",
                f"{argument}.detach(), or a call under torch.no_grad(): "
                "no gradients are computed here",
            )
        value = value.detach()
    if value.is_neg() or value.is_conj():
        if written:
            expected = "a tensor of its own, not a view that is negated or conjugated when read"
            raise ArgumentError(argument, "such a view", expected)
        value = value.resolve_conj().resolve_neg()
    return value.clone() if _without_memory(value) else value


def _check_kind(argument: str, value: Any, torch: Any) -> None:
    """Raise unless `value` is a dense tensor, of a dtype that is computed, and holds values."""
    kind = type(value)
    if kind is not torch.Tensor:
        if kind.__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
            raise ArgumentTypeError(argument, kind.__name__, _DENSE)
        if torch.nn.parameter.is_lazy(value):
            raise ArgumentTypeError(argument, kind.__name__, "a parameter that was initialized")
    if value.is_nested:
        raise ArgumentTypeError(argument, f"a nested {kind.__name__}", _DENSE)
    if value.layout is not torch.strided:
        described = f"{kind.__name__} of layout {value.layout}"
        raise ArgumentTypeError(argument, described, "a dense tensor, as to_dense() makes it")
    if not hasattr(np, _name(value.dtype)):
        raise ArgumentTypeError(argument, value.dtype, "dtype " + ", ".join(DTYPES))
    if value.is_meta:
        raise ArgumentTypeError(argument, f"{kind.__name__} on the device 'meta'", _DENSE)
    if _within_transform(value, torch):
        expected = "no tensor within torch.func's transforms, which see into torch's own calls only"
        raise ArgumentTypeError(argument, kind.__name__, expected)
    if _has_tangent(value, torch):
        expected = "no dual tensor: no tangents are computed here"
        raise ArgumentTypeError(argument, f"a dual {kind.__name__}", expected)


def _without_memory(value: Any) -> bool:
    """Return whether this is one of the zeros that derivatives are made of, without memory."""
    zeros = getattr(value, "_is_zerotensor", None)
    return zeros is not None and zeros()


@cache
def _name(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def _within_transform(value: Any, torch: Any) -> bool:
    # There is no public way to ask; where these are gone, what PyTorch exports is believed.
    try:
        wrapped = torch._C._functorch.is_functorch_wrapped_tensor(value)
        return bool(wrapped or torch._is_functional_tensor(value))
    except AttributeError:
        return False


def _has_tangent(value: Any, torch: Any) -> bool:
    forward = torch.autograd.forward_ad
    if getattr(forward, "_current_level", 0) < 0:
        return False
    return forward.unpack_dual(value).tangent is not None
