"""Brings the backend `scipy` to numconv. Imports no SciPy: that takes half a second."""

from __future__ import annotations

from collections.abc import Sequence

from numconv.core.hookspecs import hookimpl
from numconv.core.protocol import Backend

from .backend import ScipyBackend


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (ScipyBackend(),)
