"""What was compiled from exactly this code: its key, and where it is kept."""

from __future__ import annotations

import contextlib
import dis
import functools
import hashlib
import importlib.util
import marshal
import os
import pkgutil
import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType
from typing import Any

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
    return combined(digests(modules), distributions, settings)


def digests(modules: Iterable[str]) -> dict[str, bytes]:
    """Return a hash of the code of each of these modules and of all in these packages, by name."""
    found = {}
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"no module named {name!r}", name=name)
        for each in _within(spec):
            digest = hashlib.sha256()
            for code in _code(each):
                _add(digest, code)
            found[each.name] = digest.digest()
    return found


def combined(
    code: Mapping[str, bytes], distributions: Iterable[str], settings: Iterable[str] = ()
) -> str:
    """Return the fingerprint of modules of which `digests` gave the hashes."""
    digest = hashlib.sha256()
    for distribution in distributions:
        _add(digest, _version(distribution).encode())
    for setting in settings:
        _add(digest, setting.encode(errors="surrogateescape"))
    for name in sorted(code):
        _add(digest, name.encode())
        _add(digest, code[name])
    return digest.hexdigest()[:16]


def reached(modules: Iterable[str], known: Collection[str], inside: str) -> set[str]:
    """Return what these modules import, what that imports, and so on, with themselves.

    An import counts wherever it stands, in a function as well. A package that is imported itself,
    or a name of its own from it, counts with all that is in it; one from which modules are
    imported does not count because of that.

    Parameters
    ----------
    modules : iterable of str
        Their names.
    known : collection of str
        Names of the modules that count.
    inside : str
        The package whose modules are looked into: one of another package counts by itself, without
        what it imports or holds.
    """
    found, todo = set(modules), list(modules)
    while todo:
        name = todo.pop()
        if not f"{name}.".startswith(f"{inside}."):
            continue
        new = {inner if inner in known else base for inner, base in _imported(name)}
        new |= {each for each in known if each.rpartition(".")[0] == name}
        new = {each for each in new - found if each in known}
        found |= new
        todo += new
    return found


@functools.cache
def _imported(name: str) -> frozenset[tuple[str, str]]:
    """Return what a module imports: what may be a module, or else a name of the second one."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return frozenset()
    package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
    found = set()
    for level, names, module in _import_statements(_run(spec)):
        base = importlib.util.resolve_name("." * level + module, package)
        found |= {(f"{base}.{each}", base) for each in names or ("",)}
    return frozenset(found)


def _run(spec: ModuleSpec) -> CodeType:
    """Return what Python runs for a module."""
    loader: Any = spec.loader
    try:
        code: CodeType = loader.get_code(spec.name)
    except AttributeError:  # as of pytest's loader, which compiles sources in its own way
        origin = spec.origin or ""
        code = compile(loader.get_data(origin), origin, "exec", dont_inherit=True)
    return code


_IMPORT, _CONSTANT = dis.opmap["IMPORT_NAME"], dis.opmap["LOAD_CONST"]


def _import_statements(code: CodeType) -> Iterator[tuple[int, tuple[str, ...] | None, str]]:
    """Yield the dots, the names and the module of each ``from ...module import names``."""
    constants: list[Any] = []
    argument = 0
    for operation, low in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument = argument << 8 | low
        if operation == dis.EXTENDED_ARG:
            continue
        if operation == _CONSTANT:
            constants.append(code.co_consts[argument])
        elif operation == _IMPORT:
            level, names = constants[-2:]
            yield level, names, code.co_names[argument]
        argument = 0
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _import_statements(constant)


def _add(digest: hashlib._Hash, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "little"))
    digest.update(part)


@functools.cache
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
