"""What a call takes besides its operands: little, shared by all that need it, and given back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.benchmarking import suites
from numconv.benchmarking.suites import Layer
from numconv.core.dtypes import accumulator
from numconv.testing import catalogue
from numconv.testing.operands import random_operands
from numconv_cpu.runtime import workspace as workspaces
from numconv_cpu.runtime.workspace import KEPT, KEPT_BYTES, POOL_BYTES, Workspace

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
    array = Workspace(dtype, size).take()
    assert array.size >= size
    assert array.dtype == dtype
    assert _address(array) % 64 == 0
    array[[0, size - 1]] = 1


def test_calls_one_after_the_other_share_the_memory() -> None:
    numconv.release_memory()
    places = set()
    for size in (SMALL // 64, 10, 1000, 17):
        lender = Workspace("float32", size)
        array = lender.take()
        places.add(_address(array))
        lender.give(array)
    assert len(places) == 1


@pytest.mark.parametrize("size", [SMALL // 2, LARGE])
def test_calls_at_once_have_workspaces_of_their_own(size: int) -> None:
    """In one Python thread as well: a signal's handler may call while a call is under way."""
    lender = Workspace("float32", size)
    arrays = [lender.take() for _ in range(3)]
    assert len({_address(each) for each in arrays}) == 3
    assert not any(np.shares_memory(arrays[0], each) for each in arrays[1:])


def test_what_was_lent_too_small_is_replaced() -> None:
    numconv.release_memory()
    lender = Workspace("float64", 10)
    lender.give(lender.take())
    assert Workspace("float64", SMALL // 4).take().size >= SMALL // 4


def test_idle_workspaces_are_bounded_and_released() -> None:
    for count in range(1, 40):
        Workspace("float32", count * 2**20).take()
        assert workspaces._pool.idle_bytes <= POOL_BYTES
    lender = Workspace("float32", SMALL)
    for array in [lender.take() for _ in range(20)]:
        lender.give(array)
    assert len(workspaces._waiting["float32"]) == KEPT
    numconv.release_memory()
    assert workspaces._pool.idle_bytes == 0
    assert not workspaces._waiting["float32"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_subnormal_numbers_lie_between_the_values(dtype: str) -> None:
    """Sums over them, in lanes that nobody stores, take many times as long."""
    workspaces.release()
    for each in catalogue.named_problems():
        problem = each.problem
        if problem.dtype != dtype or getattr(problem, "result_dtype", dtype) != dtype:
            continue
        operands = random_operands(problem)
        for name, algorithm in catalogue.solvers(problem):
            if name.startswith("cpu-"):
                out = np.empty(problem.result_shape, dtype)
                algorithm.plan(problem)(*operands, out=out)
                assert not _subnormal(dtype), (name, each.case)


def _subnormal(dtype: str) -> int:
    """Return how many such numbers are in idle workspaces of a dtype."""
    least = np.finfo(dtype).tiny
    idle = [np.abs(array) for array in workspaces._waiting[dtype]]
    return sum(np.count_nonzero((array > 0) & (array < least)) for array in idle)
