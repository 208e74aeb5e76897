"""Says on stderr that a call compiles kernels, where that takes long."""

from __future__ import annotations

import _thread
import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

QUIET = "NUMCONV_QUIET"
"""This environment variable, set to anything but an empty text or 0, keeps it silent."""

PATIENCE_SECONDS, FRAME_SECONDS = 1.0, 0.1
# What follows within so short a time is of the same call.
_SAME_SECONDS = 0.5
_TEXT = f"numconv: compiling kernels, kept for next time ({QUIET}=1: silent)"
_SHORTER = "numconv: compiling kernels"
_FRAMES = "|/-\\"
_COLUMNS = 80  # of a terminal that does not tell


class _Burst:
    """Compilations that follow each other: what they took, when the last ended, what was said."""

    seconds = 0.0
    ended = float("-inf")
    said = False


def patiently(compile: Callable[..., Result], *arguments: Any) -> Result:
    """Return ``compile(*arguments)``; if it and those just before take a second, say so.

    One line is written for compilations that follow each other, and where stderr is a terminal
    a wheel turns behind it until they are done.
    """
    if os.environ.get(QUIET, "0") not in ("", "0") or sys.stderr is None:
        return compile(*arguments)
    begin = time.monotonic()
    if begin - _Burst.ended > _SAME_SECONDS:
        _Burst.seconds, _Burst.said = 0.0, False
    # A bare thread, as in `background`: it must not wait for whoever is just starting another.
    running, watched = _thread.allocate_lock(), _thread.allocate_lock()
    running.acquire()
    watched.acquire()
    try:
        _thread.start_new_thread(_watch, (PATIENCE_SECONDS - _Burst.seconds, running, watched))
    except RuntimeError:  # no more threads are to be had
        return compile(*arguments)
    try:
        return compile(*arguments)
    finally:
        running.release()
        watched.acquire(timeout=1)
        _Burst.ended = time.monotonic()
        _Burst.seconds += _Burst.ended - begin


def _watch(seconds: float, running: Any, watched: Any) -> None:
    """Wait until `running` is released; after so many seconds say what is going on."""
    try:
        if running.acquire(timeout=max(seconds, 0)):
            return
        with contextlib.suppress(OSError, ValueError):
            _say(running)
    finally:
        watched.release()


def _say(running: Any) -> None:
    stream = sys.stderr
    if not stream.isatty():
        if not _Burst.said:
            stream.write(f"{_TEXT}\n")
            stream.flush()
        _Burst.said = True
        return
    _Burst.said = True
    text, frame = _fitting(stream), 0
    while not running.acquire(timeout=FRAME_SECONDS):
        stream.write(f"\r{text} {_FRAMES[frame % len(_FRAMES)]}")
        stream.flush()
        frame += 1
    stream.write(f"\r{' ' * (len(text) + 2)}\r")
    stream.flush()


def _fitting(stream: Any) -> str:
    """Return what fits a line: the next would stand below what was written of a longer one."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except (OSError, ValueError):
        columns = _COLUMNS
    return _TEXT if len(_TEXT) + 2 < columns else _SHORTER
