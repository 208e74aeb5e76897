"""How much memory files in work may take together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

_UNKNOWN = 8 * 2**30  # taken for the machine's memory where the system does not tell


def physical() -> int:
    """Return the machine's memory in bytes."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN


class Budget:
    """Bytes that workers take before they begin, and wait for where others have them.

    One that asks for more than there is runs when no other does.
    """

    def __init__(self, nbytes: int) -> None:
        self._free, self._all = nbytes, nbytes
        self._changed = Condition()

    @contextmanager
    def lent(self, nbytes: int) -> Iterator[None]:
        """Hold `nbytes`, as soon as they are free."""
        nbytes = min(nbytes, self._all)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= nbytes)
            self._free -= nbytes
        try:
            yield
        finally:
            with self._changed:
                self._free += nbytes
                self._changed.notify_all()
