"""What an array is: NumPy, or anything that shares memory with it, and back again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .dtypes import DTYPES
from .errors import ArgumentError, ArgumentTypeError
from .protocol import Array
from .tensors import resolved, torch_of

_EXPECTED = (
    "an array in CPU memory: a NumPy array, or one that offers DLPack or __array_interface__"
)
_OFFERS = ("__dlpack__", "__array_interface__", "__array__")
_OVERLAP_WORK: Any = 10_000
_CPU_DEVICES = (1, 3)  # kDLCPU and kDLCUDAHost of the DLPack specification


def adapt(argument: str, value: Any) -> Array:
    """Return an array as a NumPy array of a dtype that kernels compute, sharing its memory.

    Raises
    ------
    ArgumentTypeError
        As `taken`, for lists and numbers, which are no arrays, and for other dtypes.
    """
    if not any(hasattr(value, name) for name in _OFFERS):
        raise ArgumentTypeError(argument, brief(value), _EXPECTED)
    array = taken(argument, value)
    if array.dtype.name not in DTYPES:
        raise ArgumentTypeError(argument, array.dtype, "dtype " + ", ".join(DTYPES))
    return array


def taken(argument: str, value: Any, written: bool = False) -> Array:
    """Return `value` as a NumPy array that shares its memory, if it has any.

    Every function takes its arrays by this rule: NumPy's own; what other libraries export by
    DLPack; else whatever ``numpy.asarray`` makes an array of (`xarray`, `pandas`). Where SciPy
    takes lists and numbers, they are taken likewise.

    Parameters
    ----------
    argument : str
        What the caller calls it.
    value : object
    written : bool
        Whether it is to be written to, which a copy is of no use for.

    Raises
    ------
    ArgumentTypeError
        If `value` is no array in CPU memory, is masked or sparse.
    ArgumentError
        If it is a tensor whose gradients would be lost.
    """
    if isinstance(value, np.ndarray):
        if isinstance(value, np.ma.MaskedArray):
            expected = "an array without a mask, as .filled(value) makes it"
            raise ArgumentTypeError(argument, type(value).__name__, expected)
        return value.view(np.ndarray)
    torch = torch_of(value)
    if torch is not None:
        value = resolved(argument, value, torch, written)
    if hasattr(value, "__dlpack__") and not isinstance(value, np.generic):
        return _from_dlpack(argument, value)
    if written and not hasattr(value, "__array_interface__"):
        raise ArgumentTypeError(argument, brief(value), f"{_EXPECTED}, to write to")
    return _made(argument, value)


def _from_dlpack(argument: str, value: Any) -> Array:
    # What a stranger's exporter raises, and for which reason, is for the caller to read.
    try:
        if value.__dlpack_device__()[0] in _CPU_DEVICES:
            return np.from_dlpack(value)
    except Exception as error:
        raise ArgumentTypeError(argument, brief(value), f"{_EXPECTED} ({error})") from error
    raise ArgumentTypeError(argument, brief(value), _EXPECTED)


def _made(argument: str, value: Any) -> Array:
    """Return what NumPy makes of something that is no array yet."""
    try:
        array = np.asarray(value)
    except Exception as error:
        raise ArgumentTypeError(argument, brief(value), f"{_EXPECTED} ({error})") from error
    if array.dtype == object and array.ndim == 0:
        raise ArgumentTypeError(argument, brief(value), _EXPECTED)
    return array


def brief(value: Any) -> str:
    """Return the type of an object, and its shape if it has one."""
    shape = getattr(value, "shape", None)
    described = type(value).__name__
    return described if shape is None else f"{described} of shape {tuple(shape)}"


def dtype_name(value: Any) -> str:
    """Return the name of an array's dtype, also where the library has dtypes of its own."""
    dtype = getattr(value, "dtype", type(value).__name__)
    return str(getattr(dtype, "name", dtype)).rpartition(".")[2]


def restorer(value: Any) -> Callable[[Array], Any]:
    """Return a function that gives a NumPy result back as the kind of array `value` is.

    That is a plain array of the library that its class, or the nearest of its base classes, is of:
    what a subclass keeps besides (a colour space, a unit) does not hold for the result. An array
    of no library that can import one comes back as NumPy's.
    """
    if isinstance(value, np.ndarray) or not hasattr(value, "__dlpack__"):
        return _same
    if hasattr(value, "__array_namespace__"):
        return _importer(value.__array_namespace__()) or _same
    for kind in type(value).__mro__:
        found = _importer(sys.modules.get(str(kind.__module__).partition(".")[0]))
        if found is not None:
            return found
    return _same


def _importer(library: Any) -> Callable[[Array], Any] | None:
    found: Callable[[Array], Any] | None = getattr(library, "from_dlpack", None)
    return found


def _same(result: Array) -> Array:
    return result


def native(array: Array) -> Array:
    """Return `array` in the processor's byte order: of another one no dtype equals float16."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def plain(array: Array) -> Array:
    """Return `array` C-contiguous, aligned, in native byte order and typed as writeable.

    Kernels are compiled once for such arrays instead of once for each layout. Contiguous
    native arrays are not copied.
    """
    flags = array.flags
    if flags.carray and array.dtype.isnative:
        return array
    array = np.require(array, array.dtype.newbyteorder("="), ["C", "A"])
    return array if array.flags.writeable else np.asarray(_Writeable(array))


class _Writeable:
    """Presents a read-only array as a writeable one to kernels that only read it."""

    def __init__(self, array: Array) -> None:
        self._owner = array
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def check_out(out: Any, shape: tuple[int, ...], dtype: str, operands: tuple[Any, ...]) -> Array:
    """Return `out` as a NumPy array, or raise if the result cannot be written into it."""
    array = out if type(out) is np.ndarray else taken("out", out, written=True)
    if array.shape != shape or not (array.dtype == dtype and array.dtype.isnative):
        given = f"{array.dtype} array of shape {array.shape}"
        raise ArgumentError("out", given, f"a native {dtype} array of shape {shape}")
    flags = array.flags
    if not flags.writeable:
        raise ArgumentError("out", "a read-only array", "a writeable array")
    if not flags.c_contiguous and overlaps_itself(array):
        raise ArgumentError("out", "an array that overlaps itself", "one place for each element")
    for operand in operands:
        if operand is not None and _overlap(array, operand):
            raise ArgumentError(
                "out",
                "an array that overlaps an operand",
                "memory that the call does not read",
            )
    return array


def _overlap(one: Array, other: Array) -> bool:
    if not np.may_share_memory(one, other):
        return False
    try:
        return np.shares_memory(one, other, max_work=_OVERLAP_WORK)
    except np.exceptions.TooHardError:
        return True


def overlaps_itself(array: Array) -> bool:
    """Return whether two elements of an array share a byte, or may do so."""
    if array.size == 0:
        return False
    extent = array.itemsize
    steps = ((abs(stride), size) for stride, size in zip(array.strides, array.shape, strict=True))
    for stride, size in sorted(step for step in steps if step[1] > 1):
        if stride < extent:
            return _meets_itself(array)
        extent += stride * (size - 1)
    return False


def _meets_itself(array: Array) -> bool:
    """Do as `overlaps_itself` where the axes lie between each other, as no slices make them."""
    for _ in range(array.ndim):
        first, step = array[:1], abs(array.strides[0])
        low, high = byte_bounds(first)
        near = min(len(array), (high - low) // step + 1) if step else len(array)
        if any(_overlap(first, array[i : i + 1]) for i in range(1, near)):
            return True
        array = np.moveaxis(first, 0, -1)
    return False
