"""What a call takes besides its operands: little, shared by all that need it, and given back."""

from __future__ import annotations

import gc
import threading
from math import prod
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.benchmarking import suites
from numconv.benchmarking.suites import Layer
from numconv.core.dtypes import accumulator
from numconv_cpu import workspace as workspaces
from numconv_cpu.workspace import KEPT_BYTES, POOL_BYTES, workspace

# Packed once, each operand makes up one of these; the other is for margins and scratch.
MOST_TIMES_OPERANDS = 2
# Scratch of the threads, which is the same however small the layer is.
SCRATCH_BYTES = 512 * 1024

OTHERS = ("involution", "transpose")
LAYERS = [
    (name, layer)
    for name in suites.names()
    for layer in suites.load(name).layers
    if not any(other in layer.function for other in OTHERS)
]
# Elements of four bytes.
SMALL, LARGE = KEPT_BYTES // 4, KEPT_BYTES


@pytest.mark.parametrize(("suite", "layer"), LAYERS, ids=lambda each: getattr(each, "name", each))
def test_direct_packs_each_operand_at_most_once(suite: str, layer: Layer) -> None:
    given = {"backend": "cpu", "algorithm": "direct", "dtype": layer.dtype}
    explained = numconv.explain(layer.function, *layer.operands, **layer.parameters, **given)
    operands = sum(map(prod, layer.operands)) * np.dtype(accumulator(layer.dtype)).itemsize
    taken = sum(stage.workspace_bytes for stage in explained.stages)
    assert taken <= MOST_TIMES_OPERANDS * operands + SCRATCH_BYTES


def test_an_explanation_tells_the_workspace() -> None:
    explained = numconv.explain("conv2d", (1, 8, 20, 20), (8, 8, 3, 3))
    taken = explained.stages[0].workspace_bytes
    assert taken > 0
    assert f"{taken:,} bytes of workspace" in str(explained)
    assert explained.to_dict()["stages"][0]["workspace_bytes"] == taken


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


@pytest.mark.parametrize("size", [1, SMALL, LARGE, 2 * POOL_BYTES // 4])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_workspaces_are_large_enough_and_aligned(dtype: str, size: int) -> None:
    array = workspace(dtype, size)
    assert array.size >= size
    assert array.dtype == dtype
    assert _address(array) % 64 == 0
    array[[0, size - 1]] = 1


@pytest.mark.parametrize("size", [SMALL // 2, LARGE])
def test_dtypes_and_calls_share_the_memory(size: int) -> None:
    numconv.release_memory()
    places = set()
    for dtype, count in (("float32", 2 * size), ("int64", size), ("float64", size)) * 2:
        places.add(_address(workspace(dtype, count)))
    assert len(places) == 1


def test_an_odd_number_of_small_elements_leaves_room_for_large_ones() -> None:
    numconv.release_memory()
    workspace("float32", 1001)
    assert workspace("float64", 17).size >= 17


@pytest.mark.parametrize("size", [SMALL // 2, LARGE])
def test_threads_have_workspaces_of_their_own(size: int) -> None:
    together, arrays = threading.Barrier(3, timeout=60), []

    def work() -> None:
        mine = workspace("float32", size)
        arrays.append(mine)
        together.wait()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({_address(each) for each in arrays}) == 3


def test_a_thread_that_ends_leaves_nothing() -> None:
    gc.collect()
    before = len(workspaces._arenas)
    thread = threading.Thread(target=workspace, args=("float32", SMALL))
    thread.start()
    thread.join()
    gc.collect()
    assert len(workspaces._arenas) <= before


def test_idle_workspaces_are_bounded_and_released() -> None:
    for count in range(1, 40):
        workspace("float32", count * 2**20)
        assert workspaces._pool.idle_bytes <= POOL_BYTES
    numconv.release_memory()
    assert workspaces._pool.idle_bytes == 0
    assert workspaces._kept.arena.memory.size == 0
