"""What a contestant's process tells of calls, by a clock made for the test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from numconv.benchmarking import worker
from numconv.benchmarking.turns import MOST_CALLS, QUICK


class Timed:
    """A call that takes 5 µs by a clock of its own, and for some time after a pause much longer."""

    seconds, disturbed_seconds = 5e-6, 4e-3

    def __init__(self) -> None:
        self.now = 0.0
        self.called = self.disturbed = 0

    def clock(self) -> float:
        return self.now

    def __call__(self) -> None:
        self.called += 1
        self.now += self.disturbed_seconds if self.disturbed > 0 else self.seconds
        self.disturbed -= 1


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[worker.Server, Timed]]:
    """A function that makes a server whose calls take so long."""

    def make(seconds: float = Timed.seconds) -> tuple[worker.Server, Timed]:
        call = Timed()
        call.seconds = seconds
        monkeypatch.setattr(worker, "perf_counter", call.clock)
        server = worker.Server()
        server.call = call
        return server, call

    return make


def test_a_turn_outlasts_what_disturbs_its_first_calls(timed) -> None:
    """Turns of a number of calls, told by one that was interrupted, once made 4 ms of 5 µs."""
    server, call = timed()
    call.disturbed = 1
    assert server.turn(QUICK.turn_seconds)["seconds"] == pytest.approx(call.seconds)
    call.disturbed = 2
    answer = server.turn(QUICK.turn_seconds)
    assert answer["seconds"] == pytest.approx(call.seconds)
    assert answer["calls"] == pytest.approx(2e-3 / call.seconds, abs=3)


@pytest.mark.parametrize(
    ("seconds", "calls"), [(5e-6, 4000), (1e-3, 20), (0.019, 2), (5.0, 1), (1e-9, MOST_CALLS)]
)
def test_a_turn_has_as_many_calls_as_fit(timed, seconds: float, calls: int) -> None:
    server, call = timed(seconds)
    answer = server.turn(0.02)
    assert answer["seconds"] == pytest.approx(seconds)
    assert answer["calls"] == call.called
    assert answer["calls"] == pytest.approx(calls, abs=1)
