"""PyTorch itself, its threads, and its tensors from NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numconv.core import arrays, dtypes
from numconv.core.errors import BackendError
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads


def library() -> Any:
    """Return the module `torch`, imported when it is first needed.

    Raises
    ------
    BackendError
        If PyTorch is there but cannot be loaded.
    """
    try:
        import torch
    except (ImportError, OSError) as error:
        raise BackendError(f"backend 'torch': PyTorch cannot be imported: {error}") from error
    return torch


def use_threads() -> None:
    """Let PyTorch use as many threads as numconv would."""
    torch = library()
    if torch.get_num_threads() != get_num_threads():
        torch.set_num_threads(get_num_threads())


def adopt(problem: Any, given: Sequence[Array]) -> list[Any]:
    """Return tensors that share the memory of `given`; integers are copied to int64.

    PyTorch has no convolution of narrower integers, and its sums of int64 are exact.
    """
    torch = library()
    plain = [arrays.plain(np.asarray(each)) for each in given]
    if dtypes.kind(problem.dtype) == "integer":
        plain = [each.astype("int64", copy=False) for each in plain]
    return [torch.from_numpy(each) for each in plain]
