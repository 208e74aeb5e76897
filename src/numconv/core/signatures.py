"""The types in the signatures of public functions, and the words that arguments may be.

Words are said here, or beside what checks them, once: what is accepted is read off the type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import NDArray


class Exported(Protocol):
    """An array of a library that offers DLPack."""

    def __dlpack__(self) -> Any: ...


class OnDevice(Protocol):
    """An array in the memory of a GPU."""

    @property
    def __cuda_array_interface__(self) -> Any: ...


class Labelled(Protocol):
    """An array with names or coordinates, such as those of xarray and pandas."""

    def to_numpy(self) -> Any: ...


class Described(Protocol):
    """Whatever says where its samples lie."""

    @property
    def __array_interface__(self) -> Any: ...


Plain = NDArray[Any] | Labelled
"""Operands of which the result is an array of NumPy's."""

Numbers = complex | np.generic | Sequence[Any]
"""What is an array where SciPy's functions take it: numbers, and lists of them."""

Tensor = Plain | Exported | OnDevice | Described
"""An operand, or a place for the result: an array of whatever library, but no list."""

# Of a type variable without a default nothing is known where an operand is NumPy's. Defaults came
# with Python 3.13; type checkers know them from `typing_extensions`, which need not be there.
if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Kind = TypeVar("Kind", bound=Exported | OnDevice, default=NDArray[Any])
else:
    from typing import TypeVar

    Kind = TypeVar("Kind", bound=Exported | OnDevice)
"""The result of `x`, a ``Plain | Kind``: of the class of `x`, else NumPy's, of whatever dtype."""

Int = SupportsIndex
"""A whole number: an int, or one of NumPy's."""

Ints = Int | Sequence[Int]
"""One for all axes, or one for each."""

Real = SupportsFloat | SupportsIndex
Number = complex | np.number[Any]

PaddingMode = Literal["zeros", "reflect", "symmetric", "replicate", "circular"]
PaddingWord = Literal["valid", "same", "same_upper", "same_lower", "full"]
Padding = Int | Sequence[Int | Sequence[Int]] | PaddingWord
"""A number, one for each axis, a (low, high) pair for each axis, or a word."""

Activation = Literal["relu", "relu6", "leaky_relu", "silu", "sigmoid", "tanh", "gelu", "hardswish"]
Accuracy = Literal["standard", "strict", "fast"]

Float = Literal["float16", "float32", "float64"]
Complex = Literal["complex64", "complex128"]
Integer = Literal["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
DtypeName = Literal[Float, Complex, Integer]
