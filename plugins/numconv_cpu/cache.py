"""Where compiled kernels are kept on disk. Does not import Numba."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from numconv.core import activations, sources


@functools.cache
def kernels_folder() -> Path:
    """Return the writable folder of kernels compiled from exactly these sources.

    Numba looks at one source file when it decides whether a cached function is fresh, but a
    kernel also holds the code of functions and intrinsics from other files.
    """
    return sources.compiled_folder("kernels", fingerprint())


@functools.cache
def fingerprint() -> str:
    """Return a hash of all that decides what a kernel compiles to, besides its arguments."""
    return sources.fingerprint(
        Path(__file__).parent,
        ("numba", "llvmlite"),
        (os.environ.get("NUMCONV_SIMD", ""),),
        (Path(activations.__file__),),
    )
