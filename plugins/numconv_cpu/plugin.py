"""The entry point of the CPU backend. Imports no Numba: that takes a third of a second."""

from __future__ import annotations

from collections.abc import Sequence

from numconv.core.hookspecs import hookimpl
from numconv.core.protocol import Backend

from .backend import CpuBackend


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (CpuBackend(),)
