"""SciPy's convolutions of signals and images: change the import, keep the program.

Names, order of arguments, defaults, dtypes, shapes and exceptions are those of
`scipy.signal <https://docs.scipy.org/doc/scipy/reference/signal.html>`_; the values come from the
tensor functions of numconv. Here "convolution" flips the second operand, as in every textbook of
signal processing, and "correlation" does not.

No function lets a sample reach a result that does not depend on it: a NaN, an infinity or a sample
of 1e16 leaves all others what they would be without it, whether sums are computed one by one or by
Fourier transforms. The exception, two kinds of transforms that numconv leaves to NumPy, is named in
`fftconvolve`.

Operands are NumPy arrays, numbers, or nested lists. Arrays of another library in CPU memory that
offer DLPack are welcome too; the result is then of that library.
"""

from __future__ import annotations

from typing import NoReturn

from ..core.errors import absent
from .convolution import convolve, correlate
from .fourier import fftconvolve, oaconvolve
from .lags import correlation_lags
from .methods import choose_conv_method
from .planar import convolve2d, correlate2d
from .separable import sepfir2d

__all__ = [
    "choose_conv_method",
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "correlation_lags",
    "fftconvolve",
    "oaconvolve",
    "sepfir2d",
]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name, "SciPy's convolutions and correlations", "scipy.signal")


def __dir__() -> list[str]:
    return sorted(__all__)
