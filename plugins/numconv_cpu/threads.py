"""Runs kernels on threads, where that is safe and pays."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from typing import Any

import numba

# Numba imports this at the first call of all; a child forked in that moment would wait for ever.
import numpy.ma  # noqa: F401
from numba.core.compiler_lock import global_compiler_lock
from numba.np.ufunc import parallel as numba_threads

from numconv.core.threads import get_num_threads

from .compile import Prepared

# Launching OpenMP threads takes about 2 µs, in which one core does 60 thousand multiply-adds.
SERIAL_WORK = 60_000


def run(function: Any, *args: Any, work: int) -> None:
    """Call ``function(*args, serial)``, on as many threads as numconv is configured to use.

    Parameters
    ----------
    function : kernel or Prepared
        Its last parameter says whether it must do without parallel loops.
    work : int
        Multiply-adds of this call, or something as costly.

    Notes
    -----
    Numba masks its threads per Python thread (`numba.set_num_threads`). A mask that the caller
    set for his own functions is put back afterwards, and has no say in how many threads numconv
    uses; those are never more than Numba was started with (``NUMBA_NUM_THREADS``).
    """
    if type(function) is Prepared:
        function = function.entry or function.compile()
    if work < SERIAL_WORK or _state.must_be_serial or get_num_threads() == 1:
        function(*args, True)
        return
    lock = _state.lock
    if lock is None:
        _run_masked(function, args)
    else:
        with lock:
            if not _state.launched:
                _state.launch()
            _run_masked(function, args)


def _run_masked(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    wanted = min(get_num_threads(), _state.launched)
    mask = numba_threads._get_num_threads()
    if mask == wanted:
        function(*args, False)
        return
    numba_threads._set_num_threads(wanted)
    try:
        function(*args, False)
    finally:
        numba_threads._set_num_threads(mask)


class _State:
    """What is known of Numba's threads in this process.

    `lock` is held around parallel calls until the threads have been launched, and for good
    under the `workqueue` layer, which ends the process when two Python threads enter it.
    """

    def __init__(self) -> None:
        self.lock: Any = threading.RLock()
        self.launched = 0
        self.must_be_serial = _inherited_threads()

    def launch(self) -> None:
        """Start Numba's threads, and learn from it which layer runs them."""
        numba.get_num_threads()
        self.launched = numba.config.NUMBA_NUM_THREADS
        if numba.threading_layer() != "workqueue":
            self.lock = None


def _inherited_threads() -> bool:
    """Return whether Numba's threads belong to a parent that knew nothing of numconv."""
    forked = multiprocessing.parent_process() and multiprocessing.get_start_method() == "fork"
    return bool(forked and numba_threads._is_initialized)


_state = _State()
_held: list[Any] = []


def _before_fork() -> None:
    # A child that inherits a lock from a thread it has not got would wait for ever. Our lock
    # comes first, for `run` may compile, and so take Numba's, while it holds ours.
    for lock in (_state.lock, global_compiler_lock):
        if lock is not None:
            lock.acquire()
            _held.append(lock)


def _after_fork() -> None:
    while _held:
        _held.pop().release()


def _after_fork_in_child() -> None:
    # Threads do not survive a fork: OpenMP ends a child that would use them, so a process whose
    # parent had launched them computes serially.
    _after_fork()
    _state.must_be_serial = _state.must_be_serial or numba_threads._is_initialized


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )
