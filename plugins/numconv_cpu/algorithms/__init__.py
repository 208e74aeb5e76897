"""The algorithms of the CPU backend, in order of preference. Importing this imports no Numba."""

from __future__ import annotations

from numconv.plugin import Algorithm, ConvolutionProblem, FilterProblem, InvolutionProblem

from .depthwise import Depthwise
from .fft import Fft
from .filtering.algorithm import Bands
from .involution.algorithm import Involution
from .loops.algorithm import Loops
from .lowered.direct import Direct
from .lowered.pointwise import Pointwise
from .lowered.transposed import Transposed
from .scattered import Scattered
from .spectral import Spectral
from .winograd import Winograd

ALGORITHMS: dict[type, tuple[Algorithm, ...]] = {
    ConvolutionProblem: (
        Depthwise(),
        Pointwise(),
        Winograd(),
        Fft(),
        Spectral(),
        Direct(),
        Scattered(),
        Transposed(),
        Loops(),
    ),
    FilterProblem: (Bands(),),
    InvolutionProblem: (Involution(), Loops()),
}
"""By type of problem; the last resort is last."""
