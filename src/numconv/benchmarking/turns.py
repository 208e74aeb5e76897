"""Contestants take turns: whatever the machine does to one in a round, it does to all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter, sleep

# Threads of one process go on waiting busily for about a millisecond after their work.
PAUSE_SECONDS = 0.002
# Of a turn: where a call takes next to nothing, more of them tell nothing more.
MOST_CALLS = 10_000
LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Effort:
    """How long is measured.

    Parameters
    ----------
    rounds : int
        In each of them every contestant has one turn.
    turn_seconds : float
        Of a turn, in which calls are made until so long has passed.
    patience_seconds : float
        After so long a layer gets no more rounds in a column, but at least `LEAST_ROUNDS`.
    """

    rounds: int = 15
    turn_seconds: float = 0.02
    patience_seconds: float = 20.0


FULL = Effort()
QUICK = Effort(rounds=3, turn_seconds=0.01, patience_seconds=5.0)

Turn = Callable[[], float | None]


def alternate(
    turns: Mapping[str, Turn],
    effort: Effort,
    pause: Callable[[float], None] = sleep,
    clock: Callable[[], float] = perf_counter,
) -> Iterator[dict[str, float]]:
    """Yield the times of each round, by contestant.

    Each second round runs backwards, so that nobody always comes after the same one. A turn that
    returns None was its contestant's last.
    """
    left = dict(turns)
    begin = clock()
    for number in range(effort.rounds):
        if number >= LEAST_ROUNDS and clock() - begin > effort.patience_seconds:
            return
        times: dict[str, float] = {}
        order = list(left) if number % 2 == 0 else list(reversed(left))
        for name in order:
            pause(PAUSE_SECONDS)
            seconds = left[name]()
            if seconds is None:
                del left[name]
            else:
                times[name] = seconds
        if not left:
            return
        yield times
