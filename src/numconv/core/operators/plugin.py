"""The catalogue of operators that are one problem each; a new one is a line here.

They come in through the same hook as a stranger's.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..hookspecs import hookimpl
from ..protocol import Operator
from .convolution import CONVOLUTIONS
from .filter import FILTERS
from .involution import INVOLUTION
from .transposed import TRANSPOSED


@hookimpl
def numconv_operators() -> Sequence[Operator]:
    return (*CONVOLUTIONS, TRANSPOSED, INVOLUTION, *FILTERS)
