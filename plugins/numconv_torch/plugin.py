"""Brings the backend `torch` to numconv. Imports no PyTorch: that takes a second."""

from __future__ import annotations

from collections.abc import Sequence

from numconv.core.hookspecs import hookimpl
from numconv.core.protocol import Backend

from .backend import TorchBackend


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (TorchBackend(),)
