"""What is kept from call to call is bounded in bytes, and given back when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import dispatch, kept


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    dispatch.forget()
    yield
    dispatch.forget()


def call(length: int) -> Any:
    x, weight = np.ones((1, 1, length), np.float32), np.ones((1, 1, 3), np.float32)
    return numconv.conv1d(x, weight, backend="reference")


class Plan:
    """A plan that keeps arrays in all the ways there are."""

    def __init__(self, *held: Any) -> None:
        self.first, *rest = held
        self.rest = {"more": rest}

    def describe(self) -> str:
        return ""


def test_all_arrays_of_a_plan_are_counted_once() -> None:
    table, more = np.zeros(1000, np.int64), np.zeros(10, np.float32)
    inner = Plan(partial(print, (more,)))
    assert kept.held_bytes(Plan(table, table, [inner])) == kept.OVERHEAD + 8000 + 40
    assert kept.held_bytes(object()) == kept.OVERHEAD


def test_the_oldest_plans_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 10 * kept.OVERHEAD)
    for length in range(10, 40):
        call(length)
        assert dispatch.held_bytes() <= kept.MOST_BYTES
    lengths = [key[1][0][0][2] for key in dispatch._calls]
    assert lengths == list(range(40 - len(lengths), 40))
    assert len(lengths) > 5
    # What is recognised at a glance keeps no plan that is gone.
    assert {id(found) for _, found in dispatch._recent.values()} <= set(
        map(id, dispatch._calls.values())
    )


def test_a_plan_larger_than_all_is_kept_until_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 1)
    call(10)
    call(11)
    assert len(dispatch._calls) == len(dispatch._recent) == 1


def test_release_memory_drops_the_plans() -> None:
    before = call(12)
    assert dispatch.held_bytes() > 0
    numconv.release_memory()
    assert dispatch.held_bytes() == len(dispatch._calls) == len(dispatch._recent) == 0
    np.testing.assert_array_equal(call(12), before)


def test_release_memory_drops_what_functions_remember() -> None:
    asked = []

    @kept.remembering(4)
    def double(value: int) -> int:
        asked.append(value)
        return 2 * value

    assert [double(1), double(1), double(2)] == [2, 2, 4]
    assert asked == [1, 2]
    numconv.release_memory()
    assert double(1) == 2
    assert asked == [1, 2, 1]
