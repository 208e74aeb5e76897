"""The catalogue of operators that are one problem each; a new one is a line here."""

from __future__ import annotations

from ..protocol import Operator
from .convolution import CONVOLUTIONS
from .involution import INVOLUTION
from .transposed import TRANSPOSED

BUILT_IN: tuple[Operator, ...] = (*CONVOLUTIONS, TRANSPOSED, INVOLUTION)
