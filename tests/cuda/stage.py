"""The stage of `launching.py`: the made-up driver, arrays, and what scenes have in common.

Numba looks for the driver as it is imported: nothing that imports it may come before `play`.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import libraries
import numconv
from driver import Driver
from libraries import Interfaced, Memory, Ndarray, Packed, Tensor
from numconv_cuda import compile as compiling

DRIVER = Memory.driver = Driver()
TORCH, CUPY = libraries.torch(), libraries.cupy()
KINDS: tuple[Any, ...] = (Tensor, Ndarray, Interfaced, Packed)

X = np.random.default_rng(0).standard_normal((2, 3, 5, 6)).astype("float32")
WEIGHT = np.random.default_rng(1).standard_normal((4, 3, 3, 3)).astype("float32")
KERNELS = np.random.default_rng(2).standard_normal((2, 1, 3, 3, 5, 6)).astype("float32")
# The CPU's kernels would be compiled for this.
NAIVE = {"backend": "reference"}
EXPECTED = numconv.conv2d(X, WEIGHT, **NAIVE)


def must_equal(result: Any, due: Any = EXPECTED) -> None:
    """Compare once all is done: the latest stream first, so nothing was ready by chance."""
    DRIVER.finish()
    assert not DRIVER.faults, DRIVER.faults
    values = result.values if isinstance(result, Memory) else result.copy_to_host()
    np.testing.assert_allclose(values, due, rtol=1e-5, atol=1e-5)


@contextmanager
def refused(error: type[Exception], *words: str) -> Iterator[None]:
    with pytest.raises(error) as raised:
        yield
    missing = [word for word in words if word not in str(raised.value)]
    assert not missing, f"{raised.value} says nothing of {missing}"


def stream(gpu: int = 0) -> int:
    """Return a new stream of a GPU, that waits for no other by itself."""
    made = DRIVER.new(gpu)
    DRIVER.streams[gpu, made] = deque()
    return made


def later(gpu: int, on: int, array: Any, values: Any) -> None:
    """Enqueue on a stream what makes these the values of an array."""

    def work() -> None:
        array.values[...] = values

    DRIVER.streams[gpu, on].append(work)


def current() -> Any:
    return DRIVER.stack[-1] if DRIVER.stack else None


def play(scenes: Iterable[Callable[[], None]]) -> None:
    """Play scenes, and print as JSON what went wrong in each; nothing, if nothing did."""
    warnings.simplefilter("ignore", numconv.PerformanceWarning)
    DRIVER.load(Path(sys.argv[1]))
    # This driver's machine code is PTX.
    compiling.assemble = lambda text, capability: (text.encode(), "")
    wrong = {}
    for scene in scenes:
        wrong[scene.__name__] = ""
        try:
            scene()
            DRIVER.finish()
            assert not DRIVER.faults, DRIVER.faults
            assert not DRIVER.unknown, DRIVER.unknown
        except BaseException:
            wrong[scene.__name__] = traceback.format_exc()
        DRIVER.faults.clear()
    print(json.dumps(wrong))
    sys.stdout.flush()
    # What is left is freed no more: the driver is Python, too, and may be gone before it.
    os._exit(0)
