"""Statistics of rounds, on numbers worked out by hand."""

from __future__ import annotations

import pytest

from numconv.benchmarking.ratios import Spread, geometric_mean, paired, ratio, whole


def test_a_ratio_is_of_the_same_round() -> None:
    # The machine slows down to a half for both in the second round: the ratio stays.
    own, other = [1.0, 2.0, 1.0], [1.5, 3.0, 1.5]
    assert paired(own, other) == [1.5, 1.5, 1.5]
    found = ratio(own, other)
    assert (found.median, found.rounds.lower, found.rounds.upper) == (1.5, 1.5, 1.5)


def test_the_ratio_of_minima_is_of_different_rounds() -> None:
    found = ratio([1.0, 4.0, 4.0], [8.0, 8.0, 2.0])
    assert found.minima == 2.0
    assert found.median == 2.0
    assert found.rounds == Spread(2.0, 1.25, 5.0)


def test_quartiles() -> None:
    assert Spread.of([4.0, 1.0, 3.0, 2.0, 5.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


def test_an_outlier_moves_neither_median_nor_quartiles() -> None:
    calm = Spread.of([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6])
    disturbed = Spread.of([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 160.0])
    assert calm == disturbed


@pytest.mark.parametrize(("other", "loss"), [(0.99, True), (1.0, False), (1.01, False)])
def test_slower_is_a_loss(other: float, loss: bool) -> None:
    assert ratio([1.0, 1.0], [other, other]).loss is loss


def test_spreads_lie_apart_only_where_quartiles_do_not_touch() -> None:
    spread = Spread(2.0, 1.0, 3.0)
    assert spread.apart(Spread(4.0, 3.1, 5.0))
    assert Spread(4.0, 3.1, 5.0).apart(spread)
    assert not spread.apart(Spread(4.0, 3.0, 5.0))


def test_geometric_mean_of_a_gain_and_the_inverse_loss_is_one() -> None:
    assert geometric_mean([4.0, 0.25]) == pytest.approx(1.0)
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_the_whole_network_weighs_by_count_and_time() -> None:
    # 10 times 1 s against 2 s, and once 90 s against 45 s.
    assert whole([1.0, 90.0], [2.0, 45.0], [10, 1]) == pytest.approx(65 / 100)
