"""The entry point of the CPU backend. Imports no Numba: that takes a third of a second."""

from __future__ import annotations

from collections.abc import Sequence

from numconv.plugin import Backend, hookimpl

from .backend import CpuBackend


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (CpuBackend(),)
