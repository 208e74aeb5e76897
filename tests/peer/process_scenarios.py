"""One process with PyTorch, or Numba's own threads, and numconv. Run as a script; says ``ok``.

Usage: ``python process_scenarios.py SCENARIO``
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from typing import Any

import numpy as np

import numconv
from children import SECONDS, in_child

GENERATOR = np.random.default_rng(1)
X = GENERATOR.standard_normal((4, 16, 40, 40)).astype(np.float32)
WEIGHT = GENERATOR.standard_normal((24, 16, 3, 3)).astype(np.float32)


def convolve(index: int = 0) -> Any:
    return numconv.conv2d(X[index : index + 1].copy(), WEIGHT, padding=1)[0]


def expected(index: int = 0) -> Any:
    import torch

    given = (torch.from_numpy(X[index : index + 1].copy()), torch.from_numpy(WEIGHT))
    return torch.nn.functional.conv2d(*given, padding=1)[0].numpy()


def close(result: Any, other: Any) -> bool:
    return bool(np.allclose(result, other, rtol=1e-4, atol=1e-3))


def threads_kept() -> None:
    """PyTorch's numbers of threads stay, and so does its speed."""
    import torch

    torch.set_num_threads(1)
    large = torch.from_numpy(X.repeat(4, 0)), torch.from_numpy(WEIGHT)

    def seconds() -> float:
        taken = []
        for _ in range(30):
            begin = time.perf_counter()
            torch.nn.functional.conv2d(*large, padding=1)
            taken.append(time.perf_counter() - begin)
        return min(taken)

    before = seconds()
    for _ in range(3):
        assert close(convolve(), expected())
        assert torch.get_num_threads() == 1
    assert torch.get_num_interop_threads() >= 1
    # Loosely: two libraries that fight for processors take ten times as long.
    assert seconds() < 4 * before
    torch.set_num_threads(2)
    convolve()
    assert torch.get_num_threads() == 2


class Pictures:
    """A data set whose items numconv computes."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> Any:
        import torch

        return torch.from_numpy(convolve(index))


def loaders() -> None:
    """Workers of every kind, of a parent whose PyTorch and numconv have computed on threads."""
    import torch
    from torch.utils.data import DataLoader

    torch.set_num_threads(2)
    right = [expected(index) for index in range(len(X))]
    convolve()
    for workers, how in ((0, None), (1, "fork"), (4, "fork"), (1, "spawn"), (4, "spawn")):
        given = {"timeout": SECONDS, "multiprocessing_context": how} if workers else {}
        loader = DataLoader(Pictures(), batch_size=2, num_workers=workers, **given)
        found = [each.numpy() for batch in loader for each in batch]
        assert len(found) == len(right)
        assert all(close(*pair) for pair in zip(found, right, strict=True)), (workers, how)
        print(workers, how, flush=True)


def forked_after_torch() -> None:
    """PyTorch has computed on threads, numconv not yet: a child's first call of all."""
    import torch

    torch.set_num_threads(2)
    right = expected()
    assert in_child(lambda: close(convolve(), right))
    with multiprocessing.get_context("fork").Pool(2) as workers:
        made = workers.map_async(convolve, range(len(X))).get(SECONDS)
    assert close(made[0], right)


def forked_after_numba() -> None:
    """A parallel function of the caller's own has started Numba's threads."""
    import numba

    @numba.njit(parallel=True)
    def total(values: Any) -> float:
        result = 0.0
        for i in numba.prange(values.size):
            result += values[i]
        return result

    assert total(np.ones(10_000)) == 10_000
    numba.set_num_threads(1)
    right = convolve()
    assert numba.get_num_threads() == 1
    assert in_child(lambda: close(convolve(), right))
    assert close(convolve(), right)


def forked_during_first_call() -> None:
    """Children are forked while another thread imports and compiles for the first call of all."""
    import threading

    found: list[Any] = []
    calling = threading.Thread(target=lambda: found.append(convolve()))
    calling.start()
    for _ in range(8):
        assert in_child(lambda: convolve().shape == (24, 40, 40))
        time.sleep(0.03)
    calling.join(SECONDS)
    assert len(found) == 1


SCENARIOS = (
    *(threads_kept, loaders, forked_after_torch),
    *(forked_after_numba, forked_during_first_call),
)

if __name__ == "__main__":
    {each.__name__: each for each in SCENARIOS}[sys.argv[1]]()
    print("ok")
