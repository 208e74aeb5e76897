"""Compiled kernels on disk."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

from numconv.core import sources
from numconv.core.store import Store

COMPILERS = ("numba-cuda", "llvmlite", "nvidia-nvvm", "nvidia-nvjitlink", "cuda-core")
MODULES = ("numconv_cuda", "numconv.core.activations")


def store() -> Store:
    """Return the store of kernels compiled from exactly this code."""
    return _store(getattr(os, "geteuid", int)())


@functools.cache
def _store(user: int) -> Store:
    # Of each user a process runs as in turn: one must not go by what the other was allowed.
    debugging = os.environ.get("NUMBA_CUDA_DEBUGINFO", "")
    return sources.compiled("cubins", sources.fingerprint(MODULES, COMPILERS, (debugging,)))


def folder() -> Path | None:
    """Return the folder into which new kernels go, None if there is none that can be written."""
    return store().folder()


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """Return what is kept under `name`; if nothing is, what `make` returns, from now on."""
    for content in store().found(name):
        return content
    made = make()
    store().keep(name, made)
    return made
