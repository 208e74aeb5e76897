"""What was compiled from exactly this code: its key, and where it is kept."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import marshal
import os
import pkgutil
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path

from .store import Store

KEPT_UNUSED_SECONDS = 30 * 24 * 3600

# A file of bytecode: a magic number, flags, and two words that tell whether it is fresh.
_HEADER_BYTES, _FLAGS = 16, slice(4, 8)
_UNCHECKED_HASH = (1).to_bytes(4, "little")


def fingerprint(
    modules: Iterable[str], distributions: Iterable[str], settings: Iterable[str] = ()
) -> str:
    """Return a hash of all that decides what a kernel compiles to, besides its arguments.

    What counts is the code that Python runs: the source where it compiles that, else the
    bytecode, be it in a folder, in a zip or wherever a loader of modules finds it.

    Parameters
    ----------
    modules : iterable of str
        Names of modules, and of packages with all that is in them.
    distributions : iterable of str
        Names of those that compile; their versions count, those not installed as well.
    settings : iterable of str
        Whatever else counts.
    """
    digest = hashlib.sha256()
    for distribution in distributions:
        _add(digest, _version(distribution).encode())
    for setting in settings:
        _add(digest, setting.encode(errors="surrogateescape"))
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"no module named {name!r}", name=name)
        for each in _within(spec):
            _add(digest, each.name.encode())
            for code in _code(each):
                _add(digest, code)
    return digest.hexdigest()[:16]


def _add(digest: hashlib._Hash, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "little"))
    digest.update(part)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _within(spec: ModuleSpec) -> Iterator[ModuleSpec]:
    """Yield a module and all that lie below it, without importing any."""
    yield spec
    below = spec.submodule_search_locations
    if below is None:
        return
    for found in sorted(pkgutil.iter_modules(below, f"{spec.name}."), key=lambda each: each.name):
        inner = found.module_finder.find_spec(found.name, None)
        if inner is not None:
            yield from _within(inner)


def _code(spec: ModuleSpec) -> Iterator[bytes]:
    """Yield what Python would run if it imported a module."""
    loader, origin = spec.loader, spec.origin or ""
    try:
        content: bytes = loader.get_data(origin)  # type: ignore[union-attr]
    except (AttributeError, OSError):
        # Frozen, or in an archive of somebody else's format. The second version of the
        # format of code depends on nothing but the code.
        yield marshal.dumps(loader.get_code(spec.name), 2)  # type: ignore[union-attr]
        return
    if origin.endswith(".pyc"):
        yield content[_HEADER_BYTES:]
        return
    yield content
    if spec.cached is not None:
        yield from _unchecked(spec.cached)


def _unchecked(path: str) -> Iterator[bytes]:
    """Yield the bytecode that Python runs without a look at the source, if this file holds such."""
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER_BYTES)
            if header[_FLAGS] == _UNCHECKED_HASH:
                yield file.read()
    except OSError:
        return


def compiled(kind: str, fingerprint: str) -> Store:
    """Return the store of what of a `kind` was compiled from this code.

    Every state of the code has a folder of its own; those unused for thirty days are removed
    when a new one is made.
    """
    name, before = f"{kind}-{fingerprint}", functools.partial(_remove_unused, kind)
    store = Store(name, sealed=True, before=before)
    store.warn()
    for folder in store.folders():
        with contextlib.suppress(OSError):
            os.utime(folder)
    return store


def _remove_unused(kind: str, parent: Path) -> None:
    """Remove the folders of older code that nobody has used for a long time."""
    oldest = time.time() - KEPT_UNUSED_SECONDS
    try:
        folders = [
            each for each in parent.iterdir() if re.fullmatch(rf"{kind}-[0-9a-f]{{16}}", each.name)
        ]
    except OSError:
        return
    for folder in folders:
        with contextlib.suppress(OSError):
            if folder.lstat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
