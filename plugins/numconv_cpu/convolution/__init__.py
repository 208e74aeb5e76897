"""Convolutions on register tiles, in both directions. Importing this does not import Numba."""

from __future__ import annotations

from .depthwise import Depthwise
from .direct import Direct
from .pointwise import Pointwise
from .transposed import Transposed
from .winograd import Winograd

ALGORITHMS = (Depthwise(), Pointwise(), Winograd(), Direct(), Transposed())
