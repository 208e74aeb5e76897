"""The decorator that compiles kernels, and the cache in which they outlive the process."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import itertools
import os
import pickle
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, overload

import llvmlite.binding
import numba
from numba import types
from numba.core import caching
from numba.core.bytecode import FunctionIdentity
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.core.cpu_options import ParallelOptions
from numba.core.serialize import dumps
from numba.extending import intrinsic

from numconv.core.background import hold_at_fork, undisturbed

from .cache import fingerprint, kernels_folder

__all__ = ["KernelCache", "Prepared", "kernel", "routine", "stay_whole"]

# Everything that `parallel=True` would turn into threads besides prange costs seconds to compile,
# and would run on threads where `serial` forbids them. As an object, not a dict: Numba empties a
# dict at the first compilation that reads it, and gives the next one everything.
_PRANGE_ONLY = ParallelOptions(
    {
        "prange": True,
        "comprehension": False,
        "reduction": False,
        "inplace_binop": False,
        "setitem": False,
        "numpy": False,
        "stencil": False,
        "fusion": False,
    }
)

# A product and a sum may become one fused operation; nothing that assumes finite values or
# changes the order of a sum may happen.
FASTMATH = {"contract"}
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}

_DIGEST_BYTES = hashlib.sha256().digest_size

Function = Callable[..., Any]

# Taken before the kernels' sources are read: if somebody edits them while this process runs, what
# it compiles must not pass for the code of the edited ones.
fingerprint()


def _name_apart() -> None:
    """Let what this process compiles have names of its own.

    Numba numbers functions, and types of records, from one on in each process, and both numbers are
    all that tells the names of two versions of a kernel apart. Of two that different processes
    compiled and a third one loads from disk, the linker takes whichever it met first.
    """
    FunctionIdentity._unique_ids = itertools.count(uuid.uuid4().int >> 68)


_name_apart()
# A child forked while another thread compiles finds the compiler at rest.
for _owner in (global_compiler_lock, llvmlite.binding.ffi.lib._lock):
    hold_at_fork(_owner._lock)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_name_apart)


@overload
def kernel(function: Function, /) -> Any: ...
@overload
def kernel(
    *, parallel: bool = ..., inline: bool = ..., part: bool = ..., fused: bool = ...
) -> Callable[[Function], Any]: ...
def kernel(
    function: Function | None = None,
    /,
    *,
    parallel: bool = False,
    inline: bool = False,
    part: bool = False,
    fused: bool = True,
) -> Any:
    """Compile `function` with Numba at its first call, and keep the result on disk.

    Parameters
    ----------
    function : callable
        May use module globals and other kernels, but must not close over kernels or intrinsics:
        such functions are never found in the cache again.
    parallel : bool
        Whether `numba.prange` runs on threads. Nothing else does.
    inline : bool
        Whether the code is copied into each caller, always.
    part : bool
        Whether this is done before anything is compiled: a kernel that is but a part of one other
        is optimised with it, and not by itself before.
    fused : bool
        Whether a product and a sum may become one operation, which rounds once instead of twice.
    """

    def decorate(function: Function) -> Any:
        compiled = numba.njit(
            **(OPTIONS if fused else OPTIONS | {"fastmath": False}),
            parallel=_PRANGE_ONLY if parallel else False,
            forceinline=inline,
            inline="always" if part else "never",
        )(function)
        if isinstance(compiled, numba.core.dispatcher.Dispatcher):
            compiled._cache = KernelCache(function)
        return compiled

    return decorate if function is None else decorate(function)


@intrinsic
def stay_whole(typingctx):  # type: ignore[no-untyped-def]
    """Keep the kernel that calls this from being copied into its callers, by the compiler's will.

    A long kernel called from the serial and the parallel branch of another would be optimised
    four times over, which is most of the time a compilation takes.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


class Prepared:
    """A kernel for one signature, called without a look at the types of its arguments.

    Parameters
    ----------
    dispatcher : kernel
    signature : tuple of Numba types
        The caller vouches that the arguments fit.
    """

    def __init__(self, dispatcher: Any, signature: tuple[Any, ...]) -> None:
        self._dispatcher = dispatcher
        self._signature = signature
        self.entry: Function | None = None
        """What is called; None before `compile`."""

    def compile(self) -> Function:
        """Compile the kernel, or find it on disk, and return its entry."""
        compiled: Function = undisturbed(self._dispatcher.compile, self._signature)
        self.entry = compiled
        return compiled


class _Locator(caching._CacheLocator):
    """Put a kernel into the folder of this state of the sources."""

    def __init__(self, function: Function) -> None:
        self._py_file = inspect.getfile(function)
        self._lineno = function.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(kernels_folder())

    def ensure_cache_path(self) -> None:
        kernels_folder()

    def get_source_stamp(self) -> None:
        return None

    def get_disambiguator(self) -> str:
        return str(self._lineno)


class _Implementation(caching.CompileResultCacheImpl):
    """Numba's way to take a compiled function apart, with a locator of our own.

    Numba would choose the locator by its global configuration, which belongs to the user.
    """

    def __init__(self, function: Function) -> None:
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Locator(function)
        name = f"{function.__module__}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _Files:
    """One file for each signature of a kernel, checked by its digest when it is read.

    Numba's own index file hands two processes that save at once the same data file.
    """

    def __init__(self, base: str) -> None:
        self._base = base

    def _path(self, key: object) -> Path:
        return kernels_folder() / f"{self._base}.{hashlib.sha256(repr(key).encode()).hexdigest()}"

    def save(self, key: object, data: object) -> None:
        payload = dumps((key, data))
        path = self._path(key)
        unfinished = path.with_name(f"{uuid.uuid4().hex}.tmp")
        try:
            unfinished.write_bytes(hashlib.sha256(payload).digest() + payload)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)

    def load(self, key: object) -> Any:
        try:
            content = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(payload).digest() != digest:
            return None
        stored_key, data = pickle.loads(payload)
        return data if stored_key == key else None

    def flush(self) -> None:
        for path in kernels_folder().glob(f"{self._base}.*"):
            path.unlink(missing_ok=True)


class KernelCache(caching.FunctionCache):
    """Numba's cache of one function, in our folder. It never makes a call fail."""

    _impl_class = _Implementation

    def __init__(self, function: Function) -> None:
        self._name = repr(function)
        self._py_func = function
        self._impl = _Implementation(function)
        self._cache_file = _Files(self._impl.filename_base)
        self.enable()

    @property
    def cache_path(self) -> str:
        return str(kernels_folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # What cannot be read, for whatever reason, is compiled again.
        with contextlib.suppress(Exception):
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        # A full disk or a folder removed meanwhile costs the next process a compilation.
        with contextlib.suppress(OSError, pickle.PicklingError):
            super().save_overload(sig, data)


_routines: dict[Any, CFunc] = {}


def routine(function: Callable[..., None], arguments: tuple[Any, ...], fused: bool = True) -> int:
    """Compile a function without a result for arguments of these types, and return its address.

    Whether it may fuse products and sums is said as to `compile.kernel`.
    """
    key = (function, arguments, fused)
    found = _routines.get(key) or undisturbed(_compile, key)
    return int(found.address)


def _compile(key: tuple[Callable[..., None], tuple[Any, ...], bool]) -> CFunc:
    with global_compiler_lock:
        if key not in _routines:
            _routines[key] = _compiled(*key)
        return _routines[key]


def _compiled(function: Callable[..., None], arguments: tuple[Any, ...], fused: bool) -> CFunc:
    fastmath = FASTMATH if fused else False
    options = {"nopython": True, "error_model": "numpy", "fastmath": fastmath}
    compiled = CFunc(function, (arguments, types.void), {}, options)
    compiled._cache = KernelCache(function)
    compiled.compile()
    return compiled
