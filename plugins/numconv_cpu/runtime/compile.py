"""The decorator that compiles kernels, and the cache in which they outlive the process."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import pickle
import sys
import uuid
from collections.abc import Callable
from typing import Any, overload

import llvmlite.binding
import numba
from numba import types
from numba.core import caching
from numba.core.bytecode import FunctionIdentity
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps
from numba.extending import intrinsic

from numconv.core.background import hold_at_fork, undisturbed
from numconv.core.patience import patiently

from .cache import kernels, kernels_folder, read
from .parts import Compiler, Kernel, rebuilt, reduced

__all__ = ["KernelCache", "Prepared", "kernel", "routine", "stay_whole"]

# A product and a sum may become one fused operation; nothing that assumes finite values or
# changes the order of a sum may happen.
FASTMATH = {"contract"}
OPTIONS: dict[str, Any] = {
    **{"nogil": True, "error_model": "numpy", "fastmath": FASTMATH, "_nrt": False},
}
"""Of a kernel without arrays: none of its values is counted by Numba's runtime."""

Function = Callable[..., Any]

# Taken before the kernels' sources are read: if somebody edits them while this process runs, what
# it compiles must not pass for the code of the edited ones.
read()


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
    *, inline: bool = ..., part: bool = ..., fused: bool = ..., arrays: bool = ...
) -> Callable[[Function], Any]: ...
def kernel(
    function: Function | None = None,
    /,
    *,
    inline: bool = False,
    part: bool = False,
    fused: bool = True,
    arrays: bool = False,
) -> Any:
    """Compile `function` with Numba at its first call, and keep the result on disk.

    Parameters
    ----------
    function : callable
        May use module globals and other kernels, but must not close over kernels or intrinsics:
        such functions are never found in the cache again. Nothing in it runs on threads: for that
        there are workers (`launch.worker`).
    inline : bool
        Whether the code is copied into each caller, always.
    part : bool
        Whether this is done before anything is compiled: a kernel that is but a part of one other
        is optimised with it, and not by itself before.
    fused : bool
        Whether a product and a sum may become one operation, which rounds once instead of twice.
    arrays : bool
        Whether it has Numba's arrays, which are counted, and not pointers alone.
    """

    def decorate(function: Function) -> Any:
        if numba.config.DISABLE_JIT:
            return function
        options = OPTIONS | {
            "nopython": True,
            "fastmath": FASTMATH if fused else False,
            "forceinline": inline,
            "inline": "always" if part else "never",
            "_nrt": arrays,
        }
        compiled = Kernel(function, options)
        compiled._cache = KernelCache(function)
        compiled.part._cache = KernelCache(function, _PartImplementation)
        return compiled

    return decorate if function is None else decorate(function)


@intrinsic
def stay_whole(typingctx):  # type: ignore[no-untyped-def]
    """Keep the kernel that calls this from being copied into its callers, by the compiler's will.

    A long kernel called from several places would be optimised several times over, which is most of
    the time a compilation takes.
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
        compiled: Function = undisturbed(patiently, self._dispatcher.compile, self._signature)
        self.entry = compiled
        return compiled


class _Locator(caching._CacheLocator):
    """Tell kernels of one name apart; where they are kept is the affair of `_Files`."""

    def __init__(self, function: Function) -> None:
        self._module = function.__module__
        self._lineno = function.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(kernels_folder(self._module) or "")

    def ensure_cache_path(self) -> None:
        return

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

    def reduce(self, cres: Any) -> Any:
        return reduced(cres)


class _PartImplementation(_Implementation):
    """The same of a part, of which there is no machine code."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self._filename_base += "-part"

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        return rebuilt(target_context, payload)


class _Files:
    """One file for each signature of a kernel.

    Numba's own index file hands two processes that save at once the same data file.
    """

    def __init__(self, module: str, base: str) -> None:
        self._module, self._base = module, base

    def _name(self, key: object) -> str:
        return f"{self._base}.{hashlib.sha256(repr(key).encode()).hexdigest()}"

    def save(self, key: object, data: object) -> None:
        kernels(self._module).keep(self._name(key), dumps((key, data)))

    def load(self, key: object) -> Any:
        for content in kernels(self._module).found(self._name(key)):
            stored_key, data = pickle.loads(content)
            if stored_key == key:
                return data
        return None

    def flush(self) -> None:
        kernels(self._module).forget(f"{self._base}.")


class KernelCache(caching.FunctionCache):
    """Numba's cache of one function, in our folder. It never makes a call fail."""

    _impl_class = _Implementation

    def __init__(
        self, function: Function, implementation: type[_Implementation] = _Implementation
    ) -> None:
        self._name = repr(function)
        self._py_func = function
        self._impl = implementation(function)
        self._cache_file = _Files(function.__module__, self._impl.filename_base)
        self.enable()

    @property
    def cache_path(self) -> str:
        return str(kernels_folder(self._py_func.__module__) or "")

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


def routine(
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    fused: bool = True,
    arrays: bool = False,
) -> int:
    """Compile a function without a result for arguments of these types, and return its address.

    Whether it may fuse products and sums, and has arrays, is said as to `compile.kernel`.
    """
    key = (function, arguments, fused, arrays)
    found = _routines.get(key) or undisturbed(_compile, key)
    return int(found.address)


def _compile(key: tuple[Callable[..., None], tuple[Any, ...], bool, bool]) -> CFunc:
    with global_compiler_lock:
        if key not in _routines:
            _routines[key] = _compiled(*key)
        return _routines[key]


def _compiled(
    function: Callable[..., None], arguments: tuple[Any, ...], fused: bool, arrays: bool
) -> CFunc:
    fastmath = FASTMATH if fused else False
    options = {"nopython": True, "error_model": "numpy", "fastmath": fastmath, "_nrt": arrays}
    compiled = CFunc(function, (arguments, types.void), {}, options, Compiler)
    compiled._cache = KernelCache(function)
    patiently(compiled.compile)
    return compiled
