"""SciPy itself, and its operands."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from numconv.core import dtypes
from numconv.core.errors import BackendError
from numconv.core.protocol import Array


def module(name: str) -> Any:
    """Return the module ``scipy.name``, imported when it is first needed.

    Raises
    ------
    BackendError
        If SciPy is there but cannot be loaded.
    """
    try:
        return import_module(f"scipy.{name}")
    except (ImportError, OSError) as error:
        raise BackendError(f"backend 'scipy': SciPy cannot be imported: {error}") from error


def adopt(problem: Any, given: Sequence[Array]) -> list[Array]:
    """Return `given` in the dtype of the problem's sums: SciPy adds in that of its operands."""
    wide = dtypes.accumulator(problem.dtype)
    return [np.asarray(each).astype(wide, copy=False) for each in given]
