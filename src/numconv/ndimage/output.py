"""Where a result goes, and as what: the argument `output` of SciPy's functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core import arrays
from ..core.choice import callers_level
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.memory import new_output
from ..core.problems.filter import FILTERED
from ..core.protocol import Array
from .errors import NoNumbersError, UnsupportedError

Dtype = np.dtype[Any]
Step = Callable[[Array, Dtype, Array | None], Array]
"""What filters an array to one of a dtype, written into the third argument if there is one."""

_BYTE: Dtype = np.dtype("uint8")
_NAMES: dict[Any, str] = {np.dtype(name): name for name in FILTERED}


def computed(argument: str, dtype: Dtype) -> str:
    """Return the name of the dtype that stands for `dtype` in a filter; a bool is a byte."""
    name = _NAMES.get(dtype) or _NAMES.get(dtype.newbyteorder("="))
    if name is not None:
        return name
    if dtype.kind == "b":
        return "uint8"
    raise UnsupportedError(argument, dtype, "dtype bool, " + ", ".join(FILTERED))


class Output(NamedTuple):
    """The dtype of a result, and the array to put it in if the caller has one."""

    dtype: Dtype
    array: Array | None

    def after(self, x: Array, *steps: Step) -> Array:
        """Return what is left of `x` after all steps, each of which gives this dtype."""
        if not steps:
            result = new_output(x.shape, self.dtype)() if self.array is None else self.array
            result[...] = x
            return result
        kept = self.dtype
        if kept not in _NAMES:
            kept = _BYTE if kept.kind == "b" else kept.newbyteorder("=")
        for step in steps[:-1]:
            x = step(x, kept, None)
        return self.delivered(steps[-1](x, kept, self._room(x)))

    def _room(self, x: Array) -> Array | None:
        """Return the array if a step that reads `x` can write into it."""
        array = self.array
        usable = array is None or (array.dtype in _NAMES and not np.may_share_memory(array, x))
        return array if usable else None

    def delivered(self, result: Array) -> Array:
        """Return `result` as the caller wants it."""
        if result is self.array or (self.array is None and result.dtype is self.dtype):
            return result
        if self.dtype.kind == "b":
            # A byte of 3 is no bool, though SciPy makes such.
            result = np.asarray(result != 0)
        if self.array is None:
            return result.astype(self.dtype, copy=False)
        self.array[...] = result
        return self.array


def output_of(output: Any, x: Array, complex_output: bool = False) -> Output:
    """Return what the argument `output` asks for; for complex results, only complex will do."""
    if x.dtype.kind in "USV":
        raise NoNumbersError("input", x.dtype, "numbers")
    if output is None:
        dtype = np.promote_types(x.dtype, np.complex64) if complex_output else x.dtype
        return Output(dtype if dtype.isnative else dtype.newbyteorder("="), None)
    if isinstance(output, (type, np.dtype)):
        dtype = _dtype(output)
        if complex_output and dtype.kind != "c":
            warnings.warn("promoting specified output dtype to complex", stacklevel=callers_level())
            dtype = np.promote_types(dtype, np.complex64)
        return Output(dtype, None)
    if isinstance(output, str):
        dtype = _dtype(output)
        if not issubclass(dtype.type, np.number):
            raise UnsupportedError("output", output, "a numeric dtype")
        _check_complex(dtype, complex_output)
        return Output(dtype, None)
    array = output
    if type(output) is not np.ndarray:
        array = arrays.taken("output", output, written=True)
    if array.shape != x.shape:
        raise UnsupportedError("output", array.shape, f"an array of shape {x.shape}")
    _check_complex(array.dtype, complex_output)
    if not array.flags.writeable:
        raise ArgumentError("output", "a read-only array", "a writeable array")
    if not array.flags.c_contiguous and arrays.overlaps_itself(array):
        raise ArgumentError("output", "an array that overlaps itself", "one place for each element")
    return Output(array.dtype, array)


def _dtype(output: Any) -> Dtype:
    try:
        dtype: Dtype = np.dtype(output)
    except TypeError:
        raise ArgumentTypeError("output", output, "an array or a dtype") from None
    return dtype


def _check_complex(dtype: Dtype, complex_output: bool) -> None:
    if complex_output and dtype.kind != "c":
        raise UnsupportedError("output", dtype, "a complex dtype")
