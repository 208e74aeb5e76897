"""Emits loads and stores of some lanes of a vector; the others are neither read nor written."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from .tile import INDEX, element_bytes


def load_masked(builder: Any, start: Any, mask: Any) -> Any:
    """Emit the load of a vector, zeros where the mask is not set."""
    vector = ir.VectorType(start.type.pointee, mask.type.count)
    pointer = builder.bitcast(start, vector.as_pointer())
    kind = ir.FunctionType(vector, [pointer.type, INDEX, mask.type, vector])
    align = INDEX(element_bytes(vector.element))
    function = _intrinsic(builder, kind, "load", vector)
    return builder.call(function, [pointer, align, mask, ir.Constant(vector, None)])


def store_masked(builder: Any, value: Any, start: Any, mask: Any) -> None:
    """Emit the store of a vector where the mask is set."""
    pointer = builder.bitcast(start, value.type.as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [value.type, pointer.type, INDEX, mask.type])
    align = INDEX(element_bytes(value.type.element))
    builder.call(_intrinsic(builder, kind, "store", value.type), [value, pointer, align, mask])


def _intrinsic(builder: Any, kind: Any, name: str, vector: Any) -> Any:
    letter = "i" if isinstance(vector.element, ir.IntType) else "f"
    of_vectors = f"v{vector.count}{letter}{8 * element_bytes(vector.element)}"
    full_name = f"llvm.masked.{name}.{of_vectors}.p0"
    return cgutils.get_or_insert_function(builder.module, kind, full_name)
