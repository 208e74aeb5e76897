"""Forked children of the scripts that tests run, under a time limit."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable

SECONDS = 60


def in_child(work: Callable[[], bool]) -> bool:
    """Return what `work` returns in a forked child; one that hangs says where, and dies."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 2
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.002)
    os.kill(child, signal.SIGABRT)
    os.waitpid(child, 0)
    return False
