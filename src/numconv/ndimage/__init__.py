"""Filters of images and volumes with the signatures and the meaning of `scipy.ndimage`.

Changing the import is the whole migration. Results are those of SciPy to the last bit, but for
the means of floats, which are better (`uniform_filter1d`), and the bytes of bools (`correlate`).
All threads that `numconv.get_num_threads` gives work on one array, and integers, float32 and
strided views are read as they are, without a copy of the array in float64.
"""

from __future__ import annotations

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
