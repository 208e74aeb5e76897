"""Functions that kernels call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import config


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let kernels call `function`: its code is copied into each of them before it is compiled.

    Numba compiles what is called by itself for the GPU at hand, and there need not be one.
    """
    if config.ENABLE_CUDASIM:
        return function
    from numba import cuda

    copied: Callable[..., Any] = cuda.jit(device=True, inline="always")(function)
    return copied
