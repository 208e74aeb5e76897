"""Values laid out anew, or in another dtype, in the memory where they lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import arrays
from .errors import ArgumentTypeError
from .places import HOST, memory_of
from .protocol import Shape

Arrange = Callable[[Shape, Shape], tuple[Shape, Shape]]


def laid_out(name: str, value: Any, arrange: Arrange, shape: Shape) -> Any:
    """Return a copy, in `shape`, of a view of an array.

    Parameters
    ----------
    name : str
        What the caller calls the array.
    value : array
    arrange : callable
        Given shape and strides of the array, returns those of the view. A stride of 0 repeats.
    shape : tuple of int
        Of the copy, with as many elements as the view.

    Returns
    -------
    array of the kind of `value`
    """
    memory: Any = memory_of([(name, value)])
    array = memory.adapt(name, value)
    if memory is HOST:
        seen, strides = arrange(array.shape, array.strides)
        view = np.lib.stride_tricks.as_strided(array, seen, strides, writeable=False)
        return arrays.restorer(value)(np.ascontiguousarray(view).reshape(shape))
    if not hasattr(memory, "view"):
        raise _elsewhere(name, value, memory)
    view = memory.view(array, *arrange(array.shape, array.strides))
    made = memory.new_output(shape, array.dtype)()
    memory.copy(made.reshape(view.shape), view)
    return memory.restorer(value)(made)


def converted(name: str, value: Any, dtype: str) -> Any:
    """Return an array of integers in another dtype of integers; on a device that is int64."""
    if arrays.dtype_name(value) == dtype:
        return value
    memory: Any = memory_of([(name, value)])
    array = memory.adapt(name, value)
    if memory is HOST:
        return array.astype(dtype, copy=False)
    if not hasattr(memory, "view") or dtype != "int64":
        raise ArgumentTypeError(name, array.dtype, f"dtype {dtype}, as x has")
    made = memory.new_output(array.shape, np.dtype(dtype))()
    memory.copy(made, array)
    return memory.restorer(value)(made)


def _elsewhere(name: str, value: Any, memory: Any) -> ArgumentTypeError:
    given = f"{type(value).__name__} in the memory of {memory.device!r}"
    return ArgumentTypeError(name, given, "an array that can be laid out anew there")
