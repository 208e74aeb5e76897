"""Results come from a pool, and nobody can tell by their values."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import memory
from numconv.core.memory import SMALLEST_BYTES, Pool, block_size

FLOAT = np.dtype("float32")
LARGE = (SMALLEST_BYTES // 4,)
MEBI = 2**20


def address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


@pytest.fixture
def pool() -> Pool:
    return Pool(64 * MEBI)


@pytest.fixture
def limit() -> Iterator[int]:
    """Start from an empty output pool of 64 MiB, and put back what was set before."""
    before = numconv.get_output_pool()
    numconv.release_memory()
    numconv.set_output_pool(64 * MEBI)
    yield 64 * MEBI
    numconv.set_output_pool(before)


def test_memory_comes_back_when_its_array_dies(pool: Pool) -> None:
    first = pool.empty(LARGE, FLOAT)
    place = address(first)
    del first
    assert pool.idle_bytes == SMALLEST_BYTES
    assert address(pool.empty((LARGE[0] // 2, 2), FLOAT)) == place


def test_two_arrays_never_share_memory(pool: Pool) -> None:
    arrays = [pool.empty(LARGE, FLOAT) for _ in range(5)]
    del arrays[1], arrays[2]
    arrays += [pool.empty(LARGE, FLOAT) for _ in range(4)]
    places = sorted(map(address, arrays))
    assert min(np.diff(places)) >= SMALLEST_BYTES


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda a: a[3:9], id="slice"),
        pytest.param(lambda a: a.reshape(2, -1).T, id="transposed"),
        pytest.param(lambda a: a.view("int32"), id="dtype"),
        pytest.param(lambda a: a.view(np.ma.MaskedArray), id="subclass"),
        pytest.param(lambda a: np.asarray(memoryview(a)), id="memoryview"),
        pytest.param(lambda a: np.frombuffer(a, "uint8"), id="frombuffer"),
        pytest.param(lambda a: np.from_dlpack(a), id="dlpack"),
        pytest.param(lambda a: np.lib.stride_tricks.as_strided(a, (4,), (8,)), id="as_strided"),
        pytest.param(lambda a: np.broadcast_to(a, (2, *a.shape)), id="broadcast"),
        pytest.param(lambda a: a[2:][1:][:5][::2], id="view_of_views"),
    ],
)
def test_a_view_keeps_the_memory(pool: Pool, view: Any) -> None:
    array = pool.empty(LARGE, FLOAT)
    array[...] = 7
    place = address(array)
    seen = view(array)
    expected = seen.copy()
    del array
    gc.collect()
    other = pool.empty(LARGE, FLOAT)
    other[...] = -1
    assert address(other) != place
    np.testing.assert_array_equal(seen, expected)
    del seen
    gc.collect()
    assert address(pool.empty(LARGE, FLOAT)) == place


def test_the_array_is_an_ordinary_one(pool: Pool) -> None:
    array = pool.empty((2, *LARGE), FLOAT)
    assert type(array) is np.ndarray
    assert array.flags.carray
    assert address(array) % memory.ALIGNMENT == 0
    array[...] = np.arange(array.size).reshape(array.shape)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array)), array)
    assert array.copy().flags.owndata
    assert np.resize(array, 3).tolist() == [0, 1, 2]


def test_idle_memory_is_bounded_the_oldest_given_up(pool: Pool) -> None:
    pool.limit = 4 * SMALLEST_BYTES
    arrays = [pool.empty(LARGE, FLOAT) for _ in range(8)]
    youngest = address(arrays[-1])
    while arrays:
        del arrays[0]
        assert pool.idle_bytes <= pool.limit
    assert pool.idle_bytes == pool.limit
    assert address(pool.empty(LARGE, FLOAT)) == youngest


def test_what_the_pool_could_not_keep_is_not_from_it(pool: Pool) -> None:
    pool.limit = SMALLEST_BYTES
    assert pool.empty((2 * LARGE[0],), FLOAT).flags.owndata
    assert pool.empty((3,), FLOAT).flags.owndata


@pytest.mark.parametrize("nbytes", [1, 7, 8, 9, 1000, SMALLEST_BYTES + 1, 12_000_001, 2**33 + 5])
def test_at_most_an_eighth_of_a_block_is_wasted(nbytes: int) -> None:
    assert nbytes <= block_size(nbytes) <= nbytes * 9 / 8 + 1
    assert block_size(block_size(nbytes)) == block_size(nbytes)


def test_threads_share_the_pool(pool: Pool) -> None:
    wrong: list[int] = []

    def work(mark: int) -> None:
        mine: list[Any] = []
        for step in range(300):
            array = pool.empty((LARGE[0] + step % 3 * 8192,), FLOAT)
            array[::1024] = mark
            mine.append(array)
            if len(mine) > 3:
                if (mine[0][::1024] != mark).any():
                    wrong.append(mark)
                del mine[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong
    assert 0 < pool.idle_bytes <= pool.limit


def _large_call(scale: float = 1.0) -> Any:
    x = np.full((1, 8, 80, 80), scale, FLOAT)
    return numconv.conv2d(x, np.ones((8, 1, 3, 3), FLOAT), groups=8)


def test_results_are_pooled(limit: int) -> None:
    place = address(result := _large_call())
    assert not result.flags.owndata
    assert (result == 9).all()
    del result
    again = _large_call(2.0)
    assert address(again) == place
    assert (again == 18).all()


def test_a_pool_of_nothing_is_none(limit: int) -> None:
    numconv.set_output_pool(0)
    assert _large_call().flags.owndata
    assert memory.outputs.idle_bytes == 0


def test_small_results_own_their_memory(limit: int) -> None:
    assert numconv.conv1d(np.ones((1, 1, 9)), np.ones((1, 1, 3))).flags.owndata


def test_all_can_be_released(limit: int) -> None:
    kept = _large_call()
    _large_call()
    assert memory.outputs.idle_bytes > 0
    released = []
    memory.when_released(lambda: released.append(True))
    numconv.release_memory()
    assert memory.outputs.idle_bytes == 0
    assert released
    assert (kept == 9).all()
    memory._releases.pop()


@pytest.mark.parametrize(("text", "expected"), [("", memory.DEFAULT_BYTES), ("0", 0), ("99", 99)])
def test_the_environment_sets_the_limit(text: str, expected: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import numconv; print(numconv.get_output_pool())"],
        env={**os.environ, memory.VARIABLE: text},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == expected


@pytest.mark.parametrize("wrong", [-1, 2.5, "much", None])
def test_a_limit_is_a_number_of_bytes(wrong: Any) -> None:
    with pytest.raises(numconv.ArgumentError, match="nbytes"):
        numconv.set_output_pool(wrong)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_memory_of_its_own(limit: int) -> None:
    kept = _large_call()
    _large_call()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()

    def child() -> None:
        others = [_large_call(3.0) for _ in range(3)]
        kept[...] = 0
        answers.put(all(bool((each == 27).all()) for each in others))

    process = context.Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert answers.get()
    assert (kept == 9).all()


def test_an_aligned_copy_begins_on_a_cache_line() -> None:
    one, other = np.arange(7.0), np.arange(6.0).reshape(2, 3).T
    made = memory.aligned_copy(one, other)
    assert made.ctypes.data % memory.ALIGNMENT == 0
    assert made.tolist() == [*range(7), 0, 3, 1, 4, 2, 5]
