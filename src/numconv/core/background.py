"""Work that must not be torn apart: it runs on a thread of its own, where no interrupt arrives.

An import or a compilation that an interrupt ends in the middle leaves modules half made and locks
held, in libraries that are not ours. Python raises KeyboardInterrupt, and runs handlers of
signals, in the main thread alone. So what may import or compile runs elsewhere, and the caller
waits: when he is interrupted, the work goes on, and his next call finds it done.
"""

from __future__ import annotations

import _thread
import atexit
import importlib
import os
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")

# So long a fork, or the end of the process, waits for work under way: longer than anything that is
# compiled here takes.
_PATIENCE_SECONDS = 60.0

_running: dict[int, _Work] = {}
_locks: list[Any] = []
_pending: list[Any] = []
_interrupted: list[BaseException] = []


class _Work:
    """One function, called in a thread of its own, and what came of it.

    A bare thread: to start one of `threading` while that starts another one, as a signal's handler
    or a finaliser might, is to wait for ever.
    """

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._call = (copy_context().run, function, *arguments)
        self._waiting: list[Any] = []
        self._finished = False
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        here = threading.get_ident()
        _running[here] = self
        try:
            run, *arguments = self._call
            self.result = run(*arguments)
        except BaseException as error:
            self.error = error
        finally:
            del _running[here], self._call
            _forget_dummy(here)
            self._finished = True
            for each in self._waiting:
                each.release()

    def wait(self, seconds: float = -1) -> None:
        """Return when it is done, or after so many seconds; an interrupt gets through."""
        mine = _thread.allocate_lock()
        mine.acquire()
        self._waiting.append(mine)
        if not self._finished:
            mine.acquire(timeout=seconds)


def undisturbed(function: Callable[..., Result], *arguments: Any) -> Result:
    """Return ``function(*arguments)``, computed where no interrupt arrives.

    Notes
    -----
    The function sees the caller's context variables, but not his thread-local values. It runs in
    the caller's own thread where another one might wait for that: within other such work, while
    the thread imports a module, which the function could import as well, and while it holds a lock
    that the function may need (`hold_at_fork`): the compiler's, where a compilation calls us.
    """
    busy = threading.get_ident() in _running or any(lock._is_owned() for lock in _locks)
    if busy or _importing():
        return function(*arguments)
    work = _Work(function, arguments)
    try:
        _thread.start_new_thread(work.run, ())
    except RuntimeError:  # no more threads are to be had, or the interpreter ends
        return function(*arguments)
    work.wait()
    if work.error is not None:
        raise work.error
    result: Result = work.result
    return result


def _forget_dummy(ident: int) -> None:
    """Take a thread that has ended off the list that `threading` keeps of those it met."""
    known = getattr(threading, "_active", {})
    if isinstance(known.get(ident), threading._DummyThread):
        known.pop(ident, None)


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
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            if _at_rest(deadline):
                return
        except BaseException as error:
            _interrupted.append(error)


def _at_rest(deadline: float) -> bool:
    """Wait for work and take the locks; return False if work was begun meanwhile."""
    here = threading.get_ident()
    for ident, work in tuple(_running.items()):
        if ident != here:
            work.wait(max(deadline - time.monotonic(), 0))
    for lock in _locks:
        if not lock._is_owned():
            _pending.append(lock)
            lock.acquire(timeout=max(deadline - time.monotonic(), 0))
    if _running.keys() <= {here} or time.monotonic() > deadline:
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
            _thread.start_new_thread(_interrupt_again, ())


def _interrupt_again() -> None:
    time.sleep(0.001)  # what arrives in a hook is lost
    _thread.interrupt_main()


def _after_fork_in_child() -> None:
    """Open the locks whose holders did not come along."""
    _release()
    _interrupted.clear()
    for ident in _running.keys() - {threading.get_ident()}:
        del _running[ident]
    for lock in _locks:
        if not lock._is_owned():
            lock._at_fork_reinit()


def _before_exit() -> None:
    # What is freed as the interpreter ends must not be in use.
    for work in tuple(_running.values()):
        work.wait(_PATIENCE_SECONDS)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )
atexit.register(_before_exit)
