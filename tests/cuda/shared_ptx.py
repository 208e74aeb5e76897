"""PTX of the backend's kernels, compiled once for all tests that ask for it.

It is kept in the cache folder, known by a hash of all that it is made of: processes that run tests
side by side share it, and so do those that come later. An empty folder does as well.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from typing import Any
from unittest import mock

from numba.cuda.codegen import CUDACodeLibrary

from numconv.core import sources
from numconv.core.store import Store
from numconv_cuda import cache as cubins
from numconv_cuda import compile as compiler
from numconv_cuda.compile import Capability, Kernel


@cache
def ptx(kernel: Kernel, dtype: str, capability: Capability) -> tuple[str, str]:
    """Return the PTX of a kernel and the name of its entry, as `numconv_cuda.compile.ptx` does.

    It is known by its name: one into which a test has put a fault must have a name of its own.
    """
    described = f"{kernel.name}-{dtype}-sm{capability[0]}{capability[1]}"
    name = hashlib.sha256(described.encode()).hexdigest()
    for content in _store().found(name):
        entry, _, text = content.decode().partition("\0")
        return text, entry
    text, entry = compiled(kernel, dtype, capability)
    _store().keep(name, f"{entry}\0{text}".encode())
    return text, entry


@cache
def _store() -> Store:
    debugging = os.environ.get("NUMBA_CUDA_DEBUGINFO", "")
    key = sources.fingerprint(cubins.MODULES, cubins.COMPILERS, (debugging,))
    return sources.compiled("ptx", key)


# The kernel that was compiled last, with its entry and what Numba made of it for any target.
_last: tuple[Kernel, str, str, Any] | None = None


def compiled(kernel: Kernel, dtype: str, capability: Capability) -> tuple[str, str]:
    """Return the same, not from disk.

    A tenth of the compiler's time goes into what depends on the target, so the rest is done once
    for a kernel that is compiled for one target after the other.
    """
    global _last
    if _last is not None and _last[:2] == (kernel, dtype):
        (text,) = _last[3].get_asm_strs(cc=capability)
        return text, _last[2]
    made: list[Any] = []
    assembly = CUDACodeLibrary.get_asm_strs

    def noted(library: Any, cc: Any = None) -> Any:
        made.append(library)
        return assembly(library, cc=cc)

    with mock.patch.object(CUDACodeLibrary, "get_asm_strs", noted):
        text, entry = compiler.ptx.__wrapped__(kernel, dtype, capability)
    _last = (kernel, dtype, entry, made[-1])
    return text, entry
