"""The epilogue as a user of PyTorch writes it: one call after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numconv.core.activations import LEAKY_SLOPE

from . import tensors

_EXACT = (None, "relu", "relu6")
_ALLOWED_ROUNDINGS = 2


def roundings_refusal(problem: Any, before: int) -> str | None:
    """Refuse float16 where results would be rounded to 16 bits more often than is allowed.

    `before` says how often that happens before the epilogue.
    """
    epilogue = problem.epilogue
    times = before + epilogue.residual + (epilogue.activation not in _EXACT)
    if problem.dtype != "float16" or times <= _ALLOWED_ROUNDINGS:
        return None
    return (
        f"PyTorch rounds to 16 bits {times} times between the sum and the result, and the error "
        f"bound of float16 allows {_ALLOWED_ROUNDINGS}: leave out the residual or the activation, "
        "or use float32"
    )


def apply_after(
    problem: Any, call: Callable[[], Any], bias: Any, residual: Any
) -> Callable[[], Any]:
    """Return `call` followed by what of the problem's epilogue is left to do.

    `bias` is None where the call adds it.
    """
    steps: list[Callable[[Any], Any]] = []
    if bias is not None:
        column = bias.reshape(-1, *[1] * problem.axes)
        steps.append(lambda y: y.add_(column))
    if problem.epilogue.shuffle > 1:
        steps.append(partial(_shuffle, problem.epilogue.shuffle))
    if residual is not None:
        steps.append(lambda y: y.add_(residual))
    if problem.epilogue.activation is not None:
        steps.append(_activation(problem.epilogue.activation, problem.result_dtype))
    if not steps:
        return call
    return partial(_in_order, call, tuple(steps))


def split(problem: Any, added: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return bias and residual, None for what the epilogue does not have."""
    rest = list(added)
    bias = rest.pop(0) if problem.epilogue.bias else None
    return bias, rest.pop(0) if problem.epilogue.residual else None


def _in_order(call: Callable[[], Any], steps: tuple[Callable[[Any], Any], ...]) -> Any:
    result = call()
    for step in steps:
        result = step(result)
    return result


def _shuffle(groups: int, y: Any) -> Any:
    batch, channels, *spatial = y.shape
    split_up = y.reshape(batch, groups, channels // groups, *spatial)
    return split_up.transpose(1, 2).reshape(batch, channels, *spatial)


def _activation(name: str, dtype: str) -> Callable[[Any], Any]:
    torch = tensors.library()
    functional = torch.nn.functional
    inplace: dict[str, Callable[[Any], Any]] = {
        "relu": torch.relu_,
        "relu6": partial(torch.clamp_, min=0, max=6)
        if dtype == "int64"
        else partial(functional.relu6, inplace=True),
        "leaky_relu": partial(functional.leaky_relu, negative_slope=LEAKY_SLOPE, inplace=True),
        "silu": partial(functional.silu, inplace=True),
        "sigmoid": torch.sigmoid_,
        "tanh": torch.tanh_,
        "gelu": functional.gelu,
        "hardswish": partial(functional.hardswish, inplace=True),
    }
    return inplace[name]
