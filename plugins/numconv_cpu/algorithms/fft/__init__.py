"""`fft`: large kernels by way of the Fourier transform. Importing it imports no Numba."""

from __future__ import annotations

from .algorithm import Fft

__all__ = ["Fft"]
