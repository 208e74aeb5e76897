"""What numconv calls when it looks for plugins: the entry point in `pyproject.toml` names this.

Every command of numconv imports this module, so it must be cheap: Numba waits in `kernel.py`
until a plan is made.
"""

from __future__ import annotations

from collections.abc import Sequence

from numconv.plugin import Backend, Operator, hookimpl

from .backend import UnsharedCpu
from .operator import UNSHARED


@hookimpl
def numconv_operators() -> Sequence[Operator]:
    return (UNSHARED,)


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (UnsharedCpu(),)
