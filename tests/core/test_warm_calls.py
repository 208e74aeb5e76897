"""A call that was made before goes through few functions: that is what a small one costs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

import numconv

MOST_CALLS = 7
"""Of Python functions, from `numconv.conv2d` to the compiled one that is called last."""


def functions_called(call: Callable[[], object]) -> list[str]:
    """Return the Python functions that `call` goes through, once it has been made twice."""
    names: list[str] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            names.append(frame.f_code.co_name)

    call()
    call()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return names[1:]


def test_a_warm_small_call_goes_through_few_functions() -> None:
    x, weight = np.ones((1, 4, 8, 8), np.float32), np.ones((4, 4, 3, 3), np.float32)
    names = functions_called(lambda: numconv.conv2d(x, weight, backend="cpu", algorithm="direct"))
    assert names[0] == "conv2d"
    assert len(names) <= MOST_CALLS, names
    assert names.count("get_num_threads") == 1


def test_a_warm_parallel_call_asks_for_the_number_of_threads_once_more_as_it_starts_them() -> None:
    x, weight = np.ones((1, 16, 32, 32), np.float32), np.ones((16, 16, 3, 3), np.float32)
    names = functions_called(lambda: numconv.conv2d(x, weight, backend="cpu", algorithm="direct"))
    assert len(names) <= MOST_CALLS + 2, names
    assert names.count("get_num_threads") == 2
