"""Where compiled kernels are kept on disk. Does not import Numba."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from numconv.core import sources
from numconv.core.store import Store

_INSIDE = "numconv_cpu"
MODULES = (_INSIDE, "numconv.core")
"""Those whose functions and constants kernels may hold."""
# Every kernel is what this makes of its source.
_COMPILER = f"{_INSIDE}.runtime.compile"

# Numba's settings that change what it compiles.
_SETTINGS = (
    *("NUMCONV_SIMD", "NUMBA_OPT", "NUMBA_BOUNDSCHECK", "NUMBA_DEBUGINFO"),
    *("NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE", "NUMBA_DISABLE_INTEL_SVML"),
)


@functools.cache
def read() -> dict[str, bytes]:
    """Return a hash of the code of each module, as it was when this was first called."""
    return sources.digests(MODULES)


def kernels(module: str) -> Store:
    """Return the store of kernels of a module, compiled from exactly this code.

    Numba looks at one source file when it decides whether a cached function is fresh, but a
    kernel also holds the code of functions and intrinsics from other files.
    """
    return _kernels(module, getattr(os, "geteuid", int)())


@functools.cache
def _kernels(module: str, user: int) -> Store:
    # A server that was started by root goes on as somebody else, who must not go by what
    # root was allowed.
    return sources.compiled("kernels", fingerprint(module))


def kernels_folder(module: str) -> Path | None:
    """Return the folder for new kernels of a module, None if there is none that can be written."""
    return kernels(module).folder()


@functools.cache
def fingerprint(module: str) -> str:
    """Return a hash of all that decides what kernels of a module compile to, but their arguments.

    That is the code of the module and of what it imports, directly or not, in this package, with
    what these take from `numconv.core`; of the compiler; and its settings. What plans say of a
    problem comes as arguments, or as numbers that a kernel closes over, by which Numba tells
    kernels apart. Kernels of a module of somebody else's are known by all of this package.
    """
    code = read()
    counted = counts(module) if module in code else code
    settings = (f"{name}={os.environ.get(name, '')}" for name in _SETTINGS)
    return sources.combined({name: code[name] for name in counted}, ("numba", "llvmlite"), settings)


def counts(module: str) -> set[str]:
    """Return the names of the modules whose code decides what kernels of a module compile to."""
    return sources.reached((module, _COMPILER), read(), _INSIDE)
