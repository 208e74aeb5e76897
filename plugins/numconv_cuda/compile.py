"""From a Python function to PTX, and from PTX to what a GPU loads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from numconv.core import dtypes

from .cache import kept

_ENTRY = re.compile(r"\.visible \.entry ([\w$]+)\(")

Capability = tuple[int, int]

# What the parameters of kernels are annotated with, for any dtype.
Values: TypeAlias = Any
"""Pointer to values of the operands' dtype."""
Results: TypeAlias = Any
"""Pointer to values of the result's dtype."""
Sums: TypeAlias = Any
"""Pointer to values of the type in which sums are kept."""
Integers: TypeAlias = Any
"""Pointer to int64."""
Shorts: TypeAlias = Any
"""Pointer to int32."""
Integer: TypeAlias = int
"""An int64."""
Numbers: TypeAlias = Any
"""A tuple of as many int32 as `Kernel.numbers` says, which take no registers of their own."""
LongNumbers: TypeAlias = Any
"""The same, of int64."""


@dataclass(frozen=True)
class Kernel:
    """A kernel for every dtype.

    Parameters
    ----------
    name : str
    make : callable
        Returns the Python function for the NumPy type in which sums are kept, its parameters
        annotated with one of the names above.
    threads : int
        Of a block; the compiler may count on there being no more.
    blocks : int
        That a multiprocessor shall hold at once, which bounds the registers of each.
    numbers : int
        Of the last parameter, if that is `Numbers`.
    """

    name: str
    make: Callable[[Any], Callable[..., None]]
    threads: int
    blocks: int = 1
    numbers: int = 0

    def function(self, dtype: str) -> Callable[..., None]:
        """Return the Python function for operands of `dtype`."""
        return self.make(np.dtype(dtypes.accumulator(dtype)).type)


@cache
def ptx(kernel: Kernel, dtype: str, capability: Capability) -> tuple[str, str]:
    """Return the PTX of a kernel, and the name of its entry."""
    from numba import cuda

    function = kernel.function(dtype)
    text, _ = cuda.compile_ptx(
        function,
        signature(function, dtype, kernel.numbers),
        cc=capability,
        launch_bounds=(kernel.threads, kernel.blocks),
    )
    found = _ENTRY.search(text)
    assert found is not None
    return text, found.group(1)


def signature(function: Callable[..., None], dtype: str, numbers: int = 0) -> tuple[Any, ...]:
    """Return the types of a kernel's parameters, for operands of `dtype`."""
    from numba import types
    from numba.np.numpy_support import from_dtype

    kinds = {
        "Values": types.CPointer(from_dtype(np.dtype(dtype))),
        "Results": types.CPointer(from_dtype(np.dtype(dtypes.result(dtype)))),
        "Sums": types.CPointer(from_dtype(np.dtype(dtypes.accumulator(dtype)))),
        "Integers": types.CPointer(types.int64),
        "Shorts": types.CPointer(types.int32),
        "Integer": types.int64,
        "Numbers": types.UniTuple(types.int32, numbers),
        "LongNumbers": types.UniTuple(types.int64, numbers),
    }
    notes = function.__annotations__
    return tuple(kinds[kind] for name, kind in notes.items() if name != "return")


def cubin(kernel: Kernel, dtype: str, capability: Capability) -> tuple[bytes, str]:
    """Return a kernel compiled for a GPU, and the name of its entry; from disk if it is there."""

    def make() -> bytes:
        text, entry = ptx(kernel, dtype, capability)
        return entry.encode() + b"\0" + assemble(text, capability)[0]

    place = f"{kernel.name}-{dtype}-sm{capability[0]}{capability[1]}"
    entry, _, code = kept(place, make).partition(b"\0")
    return code, entry.decode()


def assemble(text: str, capability: Capability) -> tuple[bytes, str]:
    """Return the machine code of PTX, and what the assembler said of it."""
    from cuda.core import Linker, LinkerOptions, ObjectCode

    options = LinkerOptions(
        arch=f"sm_{capability[0]}{capability[1]}", ptxas_options=["-v"], optimization_level=3
    )
    linker = Linker(ObjectCode.from_ptx(text.encode()), options=options)
    linked = linker.link("cubin")
    return bytes(linked.code), linker.get_info_log()
