"""Whether contestants compute the same: a benchmark of wrong results is worth nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core import dtypes
from ..core.protocol import Array

# Of the largest value: loose enough for every sum of products, and for Winograd's; far too tight
# for a wrong tap.
TOLERANCES = {"float16": 2e-2, "float32": 1e-3, "float64": 1e-9}


def difference(result: Array, expected: Array) -> float:
    """Return the largest difference, as a part of the largest value.

    The results may differ by axes of length one; results of other sizes are infinitely apart.
    """
    if result.size != expected.size:
        return float("inf")
    if result.size == 0:
        return 0.0
    wide = "complex128" if "c" in (result.dtype.kind, expected.dtype.kind) else "float64"
    one, other = (np.asarray(each).reshape(-1).astype(wide) for each in (result, expected))
    with np.errstate(invalid="ignore"):
        apart = float(np.max(np.abs(one - other)))
        largest = float(np.max(np.abs(other)))
    if apart == 0:
        return 0.0
    return apart / largest if largest > 0 and np.isfinite(apart) else float("inf")


def disagreement(result: Path, expected: Path, dtype: str) -> str:
    """Return in words how the results in two .npy files differ, or "" if they agree."""
    found, wanted = np.load(result), np.load(expected)
    apart = difference(found, wanted)
    part = np.empty(0, dtypes.accumulator(dtype)).real.dtype.name
    tolerance = TOLERANCES.get(dtype, TOLERANCES.get(part, 0.0))
    if apart <= tolerance:
        return ""
    if found.size != wanted.size:
        return f"results differ: shape {found.shape}, not {wanted.shape}"
    return f"results differ by {apart:.2g} of the largest value"
