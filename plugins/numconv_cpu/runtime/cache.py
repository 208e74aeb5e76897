"""Where compiled kernels are kept on disk. Does not import Numba."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from numconv.core import sources
from numconv.core.store import Store

MODULES = ("numconv_cpu", "numconv.core.activations", "numconv.core.problems.filter")
"""Those whose functions and constants kernels hold."""

# Numba's settings that change what it compiles.
_SETTINGS = (
    *("NUMCONV_SIMD", "NUMBA_OPT", "NUMBA_BOUNDSCHECK", "NUMBA_DEBUGINFO"),
    *("NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE", "NUMBA_DISABLE_INTEL_SVML"),
)


def kernels() -> Store:
    """Return the store of kernels compiled from exactly this code.

    Numba looks at one source file when it decides whether a cached function is fresh, but a
    kernel also holds the code of functions and intrinsics from other files.
    """
    return _kernels(getattr(os, "geteuid", int)())


@functools.cache
def _kernels(user: int) -> Store:
    # A server that was started by root goes on as somebody else, who must not go by what
    # root was allowed.
    return sources.compiled("kernels", fingerprint())


def kernels_folder() -> Path | None:
    """Return the folder into which new kernels go, None if there is none that can be written."""
    return kernels().folder()


@functools.cache
def fingerprint() -> str:
    """Return a hash of all that decides what a kernel compiles to, besides its arguments."""
    settings = (f"{name}={os.environ.get(name, '')}" for name in _SETTINGS)
    return sources.fingerprint(MODULES, ("numba", "llvmlite"), settings)
