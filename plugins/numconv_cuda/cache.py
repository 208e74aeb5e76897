"""Compiled kernels on disk."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from numconv.core import activations, sources

_COMPILERS = ("numba-cuda", "llvmlite", "nvidia-nvvm", "nvidia-nvjitlink", "cuda-core")


@functools.cache
def folder() -> Path:
    """Return the writable folder of kernels compiled from exactly these sources."""
    here, beside = Path(__file__).parent, (Path(activations.__file__),)
    return sources.compiled_folder("cubins", sources.fingerprint(here, _COMPILERS, (), beside))


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """Return what is kept under `name`; if nothing is, what `make` returns, from now on."""
    path = folder() / name
    try:
        return path.read_bytes()
    except OSError:
        made = make()
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(made)
        os.replace(file.name, path)
    except OSError:
        pass  # the next process makes it once more
    return made
