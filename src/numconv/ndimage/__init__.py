"""Filters of images and volumes with the signatures and the meaning of `scipy.ndimage`.

For these functions changing the import is the whole migration; what else SciPy has stays SciPy's.
Results are those of SciPy to the last bit, but for the means of floats, which are better
(`uniform_filter1d`), and the bytes of bools (`correlate`). All threads that
`numconv.get_num_threads` gives work on one array, and integers, float32 and strided views are read
as they are, without a copy of the array in float64.
"""

from __future__ import annotations

from typing import NoReturn

from ..core.errors import absent
from .derivatives import (
    generic_gradient_magnitude,
    generic_laplace,
    laplace,
    prewitt,
    sobel,
)
from .gaussian import (
    gaussian_filter,
    gaussian_filter1d,
    gaussian_gradient_magnitude,
    gaussian_laplace,
)
from .means import uniform_filter, uniform_filter1d
from .weighted import convolve, convolve1d, correlate, correlate1d

__all__ = [
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "gaussian_filter",
    "gaussian_filter1d",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "generic_gradient_magnitude",
    "generic_laplace",
    "laplace",
    "prewitt",
    "sobel",
    "uniform_filter",
    "uniform_filter1d",
]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name, "SciPy's linear filters", "scipy.ndimage")


def __dir__() -> list[str]:
    return sorted(__all__)
