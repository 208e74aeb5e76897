"""Brings the backend `cuda` to numconv."""

from __future__ import annotations

from collections.abc import Sequence

from numconv.core.hookspecs import hookimpl
from numconv.core.protocol import Backend

from .backend import CudaBackend


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (CudaBackend(),)
