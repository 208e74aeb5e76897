"""How results are cut where channels are in the lanes: who packs which weights."""

from __future__ import annotations

import pytest

pytest.importorskip("numba")

from numconv_cpu.algorithms.lowered.partition import Partition, ProductCost

EARLY = Partition(1, 4, False)
WHOLE = Partition(1, 1, True)


def product(tiles: int, positions: float, images: int = 1, workers: int = 2) -> ProductCost:
    return ProductCost(tiles, positions, False, 1, images, workers)


def test_small_maps_are_cut_by_channels() -> None:
    assert product(4, 3.5).best(EARLY, WHOLE, 4) == Partition(2, 1, True)


def test_every_worker_has_as_many_channels() -> None:
    cut = product(18, 14).best(EARLY, WHOLE, 4)
    assert cut.late
    assert cut.tile_blocks in (2, 6, 18)


def test_too_few_channels_are_cut_by_positions_as_well() -> None:
    assert product(1, 14).best(EARLY, WHOLE, 4) == Partition(1, 2, True)


def test_weights_that_many_tasks_use_are_packed_before() -> None:
    assert product(4, 14, images=16).best(EARLY, WHOLE, 4) == EARLY
    assert product(4, 3.5, workers=16).best(EARLY, WHOLE, 32) == EARLY


def test_one_worker_packs_nothing_twice() -> None:
    assert product(4, 14, workers=1).best(Partition(1, 1, True), WHOLE, 0).position_blocks == 1
