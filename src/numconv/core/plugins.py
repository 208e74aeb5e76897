"""Discovery: loads every plugin, and sets a broken one aside with its error."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy

from . import hookspecs
from .background import hold_at_fork, undisturbed
from .errors import ArgumentError, did_you_mean
from .protocol import Backend, Operator, Status
from .reference import ReferenceBackend

OWN_DISTRIBUTION = "numconv-kernels"

_BACKEND_MEMBERS = ("name", "device", "priority", "status", "algorithms")
_OPERATOR_MEMBERS = (
    *("name", "summary", "operands", "naive"),
    *("apply", "reference", "cases", "demonstration"),
)
ALGORITHM_MEMBERS = ("name", "refusal", "cost", "plan")


@dataclass(frozen=True)
class Fault:
    """A plugin, or a part of one, that was set aside."""

    plugin: str
    error: str


@dataclass
class Registry:
    """What the plugins brought, and what was wrong with them."""

    manager: pluggy.PluginManager
    backends: dict[str, Backend] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    own: set[str] = field(default_factory=lambda: {hookspecs.PROJECT})
    origins: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The distribution that brought each backend, and its version."""


_lock = threading.RLock()
hold_at_fork(_lock)


def registry() -> Registry:
    """Return the plugins of this environment, discovered at the first call."""
    if _discover.cache_info().currsize:
        return _discover()
    return undisturbed(_discover_once)


def _discover_once() -> Registry:
    with _lock:
        return _discover()


@cache
def _discover() -> Registry:
    found = Registry(pluggy.PluginManager(hookspecs.PROJECT))
    found.manager.add_hookspecs(hookspecs)
    distributions = _load(found, entry_points(group=hookspecs.PROJECT))
    brought = list(_collect(found, "numconv_operators"))
    found.operators = _unique(found, "operator", brought, _OPERATOR_MEMBERS)
    backends = [(hookspecs.PROJECT, ReferenceBackend(found.operators))]
    brought = backends + list(_collect(found, "numconv_backends"))
    found.backends = _unique(found, "backend", brought, _BACKEND_MEMBERS)
    found.origins = {
        name: distributions[plugin]
        for name, backend in found.backends.items()
        for plugin, item in brought
        if item is backend and plugin in distributions
    }
    if not found.operators:
        # The packages were copied, or packed, without what an installation lays beside them.
        text = f"no entry points found: {OWN_DISTRIBUTION}'s .dist-info is missing on sys.path"
        found.faults.append(Fault(OWN_DISTRIBUTION, text))
    return found


def _load(found: Registry, points: Iterable[EntryPoint]) -> dict[str, tuple[str, str]]:
    """Register what the entry points name; return each plugin's distribution and its version."""
    distributions: dict[str, tuple[str, str]] = {}
    for point in sorted(set(points), key=lambda p: (p.name, p.value)):
        own = point.dist is not None and point.dist.name == OWN_DISTRIBUTION
        label = f"{point.name} ({point.value})"
        # A plugin is a stranger's code: whatever it raises must not take the library down.
        try:
            found.manager.register(point.load(), name=label)
        except (Exception, SystemExit) as error:
            found.faults.append(Fault(label, describe(error)))
        else:
            found.own.update([label] if own else [])
            if point.dist is not None:
                distributions[label] = point.dist.name, str(point.dist.version)
    return distributions


def _collect(found: Registry, hook: str) -> Iterator[tuple[str, Any]]:
    for implementation in getattr(found.manager.hook, hook).get_hookimpls():
        try:
            for item in implementation.function():
                yield implementation.plugin_name, item
        except (Exception, SystemExit) as error:
            found.faults.append(Fault(implementation.plugin_name, describe(error)))


def _unique(
    found: Registry, what: str, brought: list[tuple[str, Any]], members: tuple[str, ...]
) -> dict[str, Any]:
    """Index by name. A name brought twice is nobody's, unless numconv itself brought it."""
    owners: dict[str, list[tuple[str, Any]]] = {}
    for plugin, item in brought:
        missing = missing_members(item, members)
        if missing:
            name = getattr(item, "name", type(item).__name__)
            found.faults.append(Fault(plugin, f"{what} {name!r} lacks {', '.join(missing)}"))
        else:
            owners.setdefault(item.name, []).append((plugin, item))
    kept: dict[str, Any] = {}
    for name, claims in owners.items():
        ours = [item for plugin, item in claims if plugin in found.own]
        if len(claims) == 1 or ours:
            kept[name] = ours[0] if ours else claims[0][1]
        if len(claims) > 1:
            for plugin, item in claims:
                if item is not kept.get(name):
                    others = ", ".join(p for p, i in claims if i is not item)
                    text = f"{what} name {name!r} is also brought by {others}"
                    found.faults.append(Fault(plugin, text))
    return kept


def missing_members(item: Any, members: tuple[str, ...]) -> list[str]:
    """Return the names of `members` that `item` lacks."""
    return [member for member in members if not hasattr(item, member)]


def broken_algorithms(offered: Sequence[Any]) -> dict[int, str]:
    """Return, by rank, what is wrong with those of a backend's algorithms that lack members."""
    broken = {}
    for rank, algorithm in enumerate(offered):
        missing = missing_members(algorithm, ALGORITHM_MEMBERS)
        if missing:
            name = getattr(algorithm, "name", type(algorithm).__name__)
            broken[rank] = f"algorithm {name!r} lacks {', '.join(missing)}"
    return broken


def describe(error: BaseException) -> str:
    """Return an exception as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def backends() -> dict[str, Backend]:
    """Return the usable and the unavailable backends by name, the highest priority first."""
    found = registry().backends
    return dict(sorted(found.items(), key=lambda item: (-item[1].priority, item[0])))


def backend(name: str, expected: str = "one of ") -> Backend:
    """Return the backend called `name`, or raise with the names there are and what is broken."""
    known = backends()
    if name in known:
        return known[name]
    expected += ", ".join(known) + did_you_mean(name, known)
    raise ArgumentError("backend", name, expected + set_aside())


def origin(backend: Backend) -> tuple[str, str]:
    """Return the distribution that brought a backend, and its version.

    Of one that no distribution brought, the module, and a hash of its file if it has one.
    """
    found = registry().origins.get(backend.name)
    if found is not None:
        return found
    module = type(backend).__module__
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return module, hashlib.sha256(Path(file or "").read_bytes()).hexdigest()
    except OSError:
        return module, ""


def status(backend: Backend) -> Status:
    """Return the backend's status; one that raises is unavailable, with its error."""
    try:
        return backend.status()
    except (Exception, SystemExit) as error:
        reason = f"its status cannot be told: {describe(error)}"
        return Status("unavailable", reason, "report this to the plugin's authors")


def operators() -> dict[str, Operator]:
    """Return every operator by name."""
    return dict(registry().operators)


def operator(name: str) -> Operator:
    """Return the operator called `name`, or raise with the names there are."""
    known = registry().operators
    if name not in known:
        names = ", ".join(sorted(known)) or "none, for no plugin brings one"
        names += did_you_mean(name, known)
        raise ArgumentError("op", name, f"one of {names}{'' if known else set_aside()}")
    return known[name]


def set_aside() -> str:
    """Return what was set aside and why, as the end of a sentence; empty if nothing was."""
    broken = "; ".join(f"{fault.plugin}: {fault.error}" for fault in faults())
    return f" (set aside: {broken})" if broken else ""


def faults() -> tuple[Fault, ...]:
    """Return the plugins, or parts of them, that were set aside."""
    return tuple(registry().faults)
