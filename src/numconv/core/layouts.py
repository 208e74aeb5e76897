"""Values laid out anew, or in another dtype, in the memory where they lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import arrays
from .errors import ArgumentTypeError
from .optional import Viewing
from .places import HOST, memory_of
from .protocol import Operand, Shape

Arrange = Callable[[Shape, Shape], tuple[Shape, Shape, Shape]]


def laid_out(name: str, value: Any, arrange: Arrange) -> Any:
    """Return a copy of a view of an array; an `Operand` stays one.

    Parameters
    ----------
    name : str
        What the caller calls the array.
    value : array
        Whose memory is read: what counts is the shape that it is exported with, not what its
        attributes say.
    arrange : callable
        Given shape and strides of the array, returns those of the view, and the shape of the
        copy, with as many elements. A stride of 0 repeats. It raises for a shape that does not
        fit.

    Returns
    -------
    array of the kind of `value`
    """
    if isinstance(value, Operand):
        return Operand(arrange(value.shape, (0,) * value.ndim)[2], value.dtype)
    memory = HOST if type(value) is np.ndarray else memory_of([(name, value)])
    array = memory.adapt(name, value)
    if memory is HOST:
        seen, strides, shape = arrange(array.shape, array.strides)
        view = np.lib.stride_tricks.as_strided(array, seen, strides, writeable=False)
        return arrays.restorer(value)(np.ascontiguousarray(view).reshape(shape))
    if not isinstance(memory, Viewing):
        given = f"{type(value).__name__} in the memory of {memory.device!r}"
        raise ArgumentTypeError(name, given, "an array that can be laid out anew there")
    seen, strides, shape = arrange(array.shape, array.strides)
    view = memory.view(array, seen, strides)
    made = memory.new_output(shape, array.dtype)()
    memory.copy(made.reshape(view.shape), view)
    return memory.restorer(value)(made)


def at_hand(name: str, value: Any) -> Any:
    """Return an array in the processor's memory as one of NumPy's, all else as it is.

    An operator made of others looks at its operands several times, of which each but this would
    be another export.
    """
    if type(value) is np.ndarray or value is None or isinstance(value, Operand):
        return value
    return arrays.adapt(name, value) if memory_of([(name, value)]) is HOST else value


def handed_back(result: Any, x: Any, out: Any) -> Any:
    """Return what was computed of ``at_hand("x", x)`` as an array of the kind of `x`, or `out`."""
    if out is not None or type(x) is np.ndarray or type(result) is not np.ndarray:
        return result
    return arrays.restorer(x)(result)


def shape_of(name: str, value: Any) -> Shape:
    """Return the shape with which an array is exported, whatever its attributes say."""
    if type(value) is np.ndarray or isinstance(value, Operand):
        return value.shape
    shape: Shape = memory_of([(name, value)]).adapt(name, value).shape
    return shape


def converted(name: str, value: Any, dtype: str) -> Any:
    """Return an array of integers in another dtype of integers; on a device that is int64."""
    if arrays.dtype_name(value) == dtype:
        return value
    memory = memory_of([(name, value)])
    array = memory.adapt(name, value)
    if memory is HOST:
        return array.astype(dtype, copy=False)
    if not isinstance(memory, Viewing) or dtype != "int64":
        raise ArgumentTypeError(name, array.dtype, f"dtype {dtype}, as x has")
    made = memory.new_output(array.shape, np.dtype(dtype))()
    memory.copy(made, array)
    return memory.restorer(value)(made)
