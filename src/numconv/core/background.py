"""Work that must not be torn apart: it runs on a thread of its own, where no interrupt arrives.

An import or a compilation that an interrupt ends in the middle leaves modules half made and locks
held, in libraries that are not ours. Python raises KeyboardInterrupt, and runs handlers of
signals, in the main thread alone. So what may import or compile runs elsewhere, and the caller
waits: when he is interrupted, the work goes on, and his next call finds it done.
"""

from __future__ import annotations

import _thread
import importlib
import os
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")

# So long a fork waits for work under way: longer than anything that is compiled here takes.
_FORK_SECONDS = 60.0

_running: set[_Work] = set()
_locks: list[Any] = []
_pending: list[Any] = []
_interrupted: list[BaseException] = []


class _Work(threading.Thread):
    """A thread that calls one function and keeps what comes of it."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        super().__init__(name="numconv-background")
        self._context = copy_context()
        self._function, self._arguments = function, arguments
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        _running.add(self)
        try:
            self.result = self._context.run(self._function, *self._arguments)
        except BaseException as error:
            self.error = error
        finally:
            _running.discard(self)
            del self._context, self._function, self._arguments


def undisturbed(function: Callable[..., Result], *arguments: Any) -> Result:
    """Return ``function(*arguments)``, computed where no interrupt arrives.

    Notes
    -----
    The function sees the caller's context variables, but not his thread-local values. It runs in
    the caller's own thread where another one might wait for that: within other such work, and while
    the thread imports a module, which the function could import as well.
    """
    if isinstance(threading.current_thread(), _Work) or _importing():
        return function(*arguments)
    work = _Work(function, arguments)
    try:
        work.start()
    except RuntimeError:  # no more threads are to be had, or the interpreter ends
        return function(*arguments)
    work.join()
    if work.error is not None:
        raise work.error
    result: Result = work.result
    return result


def _importing() -> bool:
    """Return whether this thread is in the midst of an import."""
    bootstrap = getattr(importlib, "_bootstrap", None)
    references = tuple(getattr(bootstrap, "_module_locks", {}).values())
    here = threading.get_ident()
    return any(getattr(reference(), "owner", None) == here for reference in references)


def hold_at_fork(lock: Any) -> None:
    """Have every fork hold `lock`, a `threading.RLock`, so that the child finds it open."""
    _locks.append(lock)


def _before_fork() -> None:
    # What this hook raises is printed and forgotten: an interrupt is kept for afterwards.
    deadline = time.monotonic() + _FORK_SECONDS
    while True:
        try:
            if _settled(deadline):
                return
        except BaseException as error:
            _interrupted.append(error)


def _settled(deadline: float) -> bool:
    """Wait for work and take the locks; return False if work was begun meanwhile."""
    here = threading.current_thread()
    for work in tuple(_running):
        if work is not here:
            work.join(max(deadline - time.monotonic(), 0))
    for lock in _locks:
        if not lock._is_owned():
            _pending.append(lock)
            lock.acquire(timeout=max(deadline - time.monotonic(), 0))
    if _running <= {here} or time.monotonic() > deadline:
        return True
    _release()
    return False


def _release() -> None:
    while _pending:
        lock = _pending[-1]
        if lock._is_owned():
            lock.release()
        _pending.pop()


def _after_fork() -> None:
    _release()
    while _interrupted:
        if isinstance(_interrupted.pop(), KeyboardInterrupt):
            _thread.interrupt_main()


def _after_fork_in_child() -> None:
    """Open the locks whose holders did not come along."""
    _release()
    _interrupted.clear()
    _running.intersection_update({threading.current_thread()})
    for lock in _locks:
        if not lock._is_owned():
            lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )
