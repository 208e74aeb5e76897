"""What every kind of problem checks and counts in the same way."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import ArgumentError
from ..geometry import check_padding_mode

ACCURACIES = ("standard", "strict", "fast")


def check_settings(problem: Any) -> None:
    """Raise unless dtype, accuracy and padding mode are known, and the padding can be filled."""
    if problem.dtype not in dtypes.DTYPES:
        raise ArgumentError("dtype", problem.dtype, "one of " + ", ".join(dtypes.DTYPES))
    if problem.accuracy not in ACCURACIES:
        raise ArgumentError("accuracy", problem.accuracy, "'standard', 'strict' or 'fast'")
    check_padding_mode(problem.padding_mode, problem.padding, problem.input_shape)


def least_bytes(problem: Any) -> int:
    """Return the least memory traffic: each operand read once, the result written once."""
    shapes = (*problem.operand_shapes, *problem.epilogue.shapes(problem.result_shape))
    read = sum(map(prod, shapes)) * np.dtype(problem.dtype).itemsize
    written = prod(problem.result_shape) * np.dtype(problem.result_dtype).itemsize
    return int(read + written)
