"""Convolutions on register tiles, in both directions. Importing this does not import Numba."""

from __future__ import annotations

from .depthwise import Depthwise
from .direct import Direct
from .fourier import Fft
from .pointwise import Pointwise
from .scatter import Scattered
from .spectral import Spectral
from .transposed import Transposed
from .winograd import Winograd

ALGORITHMS = (
    Depthwise(),
    Pointwise(),
    Winograd(),
    Fft(),
    Spectral(),
    Direct(),
    Scattered(),
    Transposed(),
)
