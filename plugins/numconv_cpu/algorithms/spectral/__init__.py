"""`spectral`: kernels about as large as the signal, by Fourier transforms of the whole problem.

Importing it imports no Numba.
"""

from __future__ import annotations

from .algorithm import Spectral

__all__ = ["Spectral"]
