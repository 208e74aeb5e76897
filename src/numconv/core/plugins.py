"""Discovery: loads every plugin, and sets a broken one aside with its error."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pluggy

from . import contract, hookspecs
from .background import hold_at_fork, undisturbed
from .contract import describe as describe
from .errors import ArgumentError, did_you_mean, shown
from .protocol import Backend, Operator, Status
from .reference import ReferenceBackend

OWN_DISTRIBUTION = "numconv-kernels"

BLOCK = "NUMCONV_BLOCK_PLUGINS"
"""The variable that names plugins which are not to be loaded, with commas between."""


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
    blocked: list[str] = field(default_factory=list)
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
    _check_hooks(found)
    brought = list(_collect(found, "numconv_operators"))
    found.operators = _unique(found, "operator", brought, contract.operator_faults)
    backends = [(hookspecs.PROJECT, ReferenceBackend(found.operators))]
    brought = backends + list(_collect(found, "numconv_backends"))
    kept = _unique(found, "backend", brought, contract.backend_faults)
    names = {id(item): name for name, item in kept.items()}
    for plugin, item in brought:
        name = names.get(id(item))
        if name is not None and plugin in distributions:
            found.origins[name] = distributions[plugin]
        if name is not None and plugin not in found.own:
            kept[name] = contract.Guarded(item)
    found.backends = kept
    if not found.operators and not found.blocked:
        # The packages were copied, or packed, without what an installation lays beside them.
        text = f"no entry points found: {OWN_DISTRIBUTION}'s .dist-info is missing on sys.path"
        found.faults.append(Fault(OWN_DISTRIBUTION, text))
    return found


def _load(found: Registry, points: Iterable[EntryPoint]) -> dict[str, tuple[str, str]]:
    """Register what the entry points name; return each plugin's distribution and its version."""
    distributions: dict[str, tuple[str, str]] = {}
    blocked = {name.strip() for name in os.environ.get(BLOCK, "").split(",")} - {""}
    known = set()
    for point in sorted(set(points), key=lambda p: (p.name, p.value)):
        known.add(point.name)
        own = point.dist is not None and point.dist.name == OWN_DISTRIBUTION
        label = f"{point.name} ({point.value})"
        if point.name in blocked:
            found.blocked.append(label)
            continue
        # A plugin is a stranger's code: whatever it raises must not take the library down, and
        # what it prints is no part of what we print.
        try:
            with contextlib.nullcontext() if own else contextlib.redirect_stdout(sys.stderr):
                plugin = point.load()
            found.manager.register(plugin, name=label)
        except (Exception, SystemExit) as error:
            found.faults.append(Fault(label, describe(error)))
        else:
            found.own.update([label] if own else [])
            if point.dist is not None:
                distributions[label] = point.dist.name, str(point.dist.version)
    for name in sorted(blocked - known):
        text = f"no plugin is called {name!r}{did_you_mean(name, known)}"
        found.faults.append(Fault(BLOCK, text))
    return distributions


def _check_hooks(found: Registry) -> None:
    """Note hooks that nobody calls, and functions that were to be hooks and are not marked."""
    ours = {name for name in vars(hookspecs) if name.startswith(f"{hookspecs.PROJECT}_")}
    for label, plugin in found.manager.list_name_plugin():
        hooks = {each.name: each for each in found.manager.get_hookcallers(plugin) or ()}
        wrong = [
            f"hook {name!r} is none of numconv's{did_you_mean(name, ours)}"
            for name, hook in hooks.items()
            if name not in ours and not _is_optional(hook, plugin)
        ]
        for name in sorted(ours - set(hooks)):
            if callable(getattr(plugin, name, None)):
                wrong.append(f"{name} is not marked with @numconv.plugin.hookimpl")
        if not hooks and not wrong:
            wrong.append(f"it has none of the hooks {', '.join(sorted(ours))}")
        found.faults.extend(Fault(label, text) for text in wrong)


def _is_optional(hook: Any, plugin: Any) -> bool:
    return all(each.optionalhook for each in hook.get_hookimpls() if each.plugin is plugin)


def implementations(found: Registry, hook: str) -> list[Any]:
    """Return what implements a hook, a plugin each, without the wrappers of such."""
    everything = getattr(found.manager.hook, hook).get_hookimpls()
    return [each for each in everything if not _is_wrapper(each)]


def ask(
    found: Registry, hook: str, implementation: Any, faults: list[Fault], **arguments: Any
) -> list[Any]:
    """Call a hook for one plugin, with the wrappers of all around it, as pluggy has it.

    Returns
    -------
    list
        Of the answer; empty if the plugin fails. What fails is appended to `faults`, and a
        wrapper that does is left out.
    """
    everything = getattr(found.manager.hook, hook).get_hookimpls()
    wrappers = [each for each in everything if _is_wrapper(each)]
    others = [each for each in everything if each not in wrappers and each is not implementation]
    alone = found.manager.subset_hook_caller(hook, [each.plugin for each in others])
    name = implementation.plugin_name
    try:
        # pluggy leaves out None, which hooks for commands give.
        return alone(**arguments) or [None]
    except (Exception, SystemExit) as error:
        wrong = Fault(name, describe(error))
    if wrappers:
        given = {each: arguments[each] for each in implementation.argnames}
        try:
            answer = implementation.function(**given)
        except (Exception, SystemExit) as error:
            wrong = Fault(name, describe(error))
        else:
            names = ", ".join(each.plugin_name for each in wrappers)
            faults.append(Fault(names, f"around {hook} of {name}: {wrong.error}"))
            return [answer]
    faults.append(wrong)
    return []


def _is_wrapper(implementation: Any) -> bool:
    return bool(implementation.hookwrapper or implementation.wrapper)


def _collect(found: Registry, hook: str) -> Iterator[tuple[str, Any]]:
    answers = [
        (each.plugin_name, answer)
        for each in implementations(found, hook)
        for answer in ask(found, hook, each, found.faults)
    ]
    for plugin, answer in answers:
        if isinstance(answer, (str, bytes)) or not isinstance(answer, Iterable):
            text = f"{hook} gave {shown(answer)}: expected a list"
            found.faults.append(Fault(plugin, text))
            continue
        try:
            for item in answer:
                yield plugin, item
        except (Exception, SystemExit) as error:  # of a generator
            found.faults.append(Fault(plugin, describe(error)))


def _unique(
    found: Registry,
    what: str,
    brought: list[tuple[str, Any]],
    faults_of: Callable[[Any], list[str]],
) -> dict[str, Any]:
    """Index by name. A name brought twice is nobody's, unless numconv itself brought it."""
    owners: dict[str, list[tuple[str, Any]]] = {}
    for plugin, item in brought:
        wrong = faults_of(item)
        if wrong:
            text = f"{what} {contract.label(item)}: {'; '.join(wrong)}"
            found.faults.append(Fault(plugin, text))
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
    module = contract.unguarded(backend).__module__
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return module, hashlib.sha256(Path(file or "").read_bytes()).hexdigest()
    except OSError:
        return module, ""


def status(backend: Backend) -> Status:
    """Return the backend's status."""
    return backend.status()


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
