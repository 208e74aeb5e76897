"""What all tests share: enough threads to tell one from several, and a quiet number of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

os.environ.setdefault("NUMBA_NUM_THREADS", "4")

from numconv.core import threads

# A shell lets what it starts in the background ignore interrupts, and so would the processes that
# are interrupted by tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _threads_put_back() -> Iterator[None]:
    before = threads.get_num_threads()
    yield
    threads.set_num_threads(before)
