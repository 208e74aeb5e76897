"""The race check against a slow one that keeps every access and the order of all threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from interpreter.report import Trouble
from interpreter.shared import SharedRegion

THREADS, GRANULES, LANES = 96, 6, 32


class Order:
    """What each thread knows of the others: their clocks, as far as it has met them."""

    def __init__(self) -> None:
        self.known = np.zeros((THREADS, THREADS), int)
        self.clock = np.ones(THREADS, int)
        self.done: list[tuple[int, int, int, str]] = []

    def meet(self, threads: Any) -> None:
        self.clock[threads] += 1
        self.known[threads, threads] = self.clock[threads] - 1
        self.known[threads] = self.known[threads].max(axis=0)

    def access(self, threads: Any, granules: Any, kind: str) -> bool:
        """Note an access; return whether it is in a race."""
        now = [
            (int(t), int(self.clock[t]), int(g), kind)
            for t, g in zip(threads, granules, strict=True)
        ]
        race = any(self.conflict(new, old) for new in now for old in [*self.done, *now])
        self.done += now
        return race

    def conflict(self, new: Any, old: Any) -> bool:
        apart = new[0] != old[0] and new[2] == old[2] and self.known[new[0], old[0]] < old[1]
        kinds = {new[3], old[3]}
        return apart and kinds not in ({"read"}, {"atomic"})


def event(generator: np.random.Generator) -> tuple[str, Any, Any]:
    """Return what happens next: a kind, threads, and the granule of each."""
    kind = generator.choice(["read", "write", "atomic", "all", "warp"], p=[0.4, 0.2, 0.1, 0.1, 0.2])
    if kind == "all":
        return kind, np.arange(THREADS), None
    warps = generator.permutation(3)[: 1 if generator.random() < 0.8 else 2]
    threads = np.flatnonzero(np.isin(np.arange(THREADS) // LANES, warps))
    if kind != "warp":
        threads = np.sort(generator.choice(threads, generator.integers(1, 4), replace=False))
    granules = generator.integers(0, GRANULES, len(threads))
    if generator.random() < 0.5:
        granules[:] = granules[0]
    return str(kind), threads, granules


@pytest.mark.parametrize("seed", range(5))
def test_races_are_found_where_they_are(seed: int) -> None:
    generator = np.random.default_rng(seed)
    found = 0
    for _ in range(150):
        region = SharedRegion(4 * GRANULES, 4, THREADS)
        region.open(0, 4 * GRANULES)
        region.clear()
        region.written[:] = 0  # as if a block barrier had followed writes everywhere
        order = Order()
        for _ in range(40):
            kind, threads, granules = event(generator)
            if granules is None:
                region.moments.all_wait()
                order.meet(threads)
            elif kind == "warp":
                region.moments.some_wait(threads)
                for warp in np.unique(threads // LANES):
                    order.meet(np.arange(LANES * warp, LANES * (warp + 1)))
            else:
                race = order.access(threads, granules, kind)
                check = getattr(region, f"before_{kind}")
                if race:
                    with pytest.raises(Trouble, match="race"):
                        check(4 * granules, threads, 4)
                    found += 1
                    break
                check(4 * granules, threads, 4)
    assert found > 50
