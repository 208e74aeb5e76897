"""What all tests share: enough threads to tell one from several, and a quiet number of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("NUMBA_NUM_THREADS", "4")

from numconv.core import threads


@pytest.fixture(autouse=True)
def _threads_put_back() -> Iterator[None]:
    before = threads.get_num_threads()
    yield
    threads.set_num_threads(before)
