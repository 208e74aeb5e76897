"""Alternation, with contestants that need no processor."""

from __future__ import annotations

from numconv.benchmarking.turns import PAUSE_SECONDS, Effort, alternate


def _run(names: str, effort: Effort, lasting: dict[str, int] | None = None) -> tuple[list, str]:
    """Return the rounds, and the order of the turns and pauses (as dots)."""
    order: list[str] = []

    def turn_of(name: str):
        def turn() -> float | None:
            order.append(name)
            limit = (lasting or {}).get(name)
            return None if limit is not None and order.count(name) > limit else 1.0

        return turn

    def pause(seconds: float) -> None:
        assert seconds == PAUSE_SECONDS
        order.append(".")

    ticks = iter(range(1000))
    turns = {name: turn_of(name) for name in names}
    rounds = list(alternate(turns, effort, pause, lambda: float(next(ticks))))
    return rounds, "".join(order)


def test_turns_alternate_with_pauses_and_every_second_round_runs_backwards() -> None:
    rounds, order = _run("abc", Effort(rounds=3, patience_seconds=1e9))
    assert order == ".a.b.c.c.b.a.a.b.c"
    assert rounds == [{"a": 1.0, "b": 1.0, "c": 1.0}] * 3


def test_who_gives_up_is_left_out_and_the_others_go_on() -> None:
    rounds, order = _run("ab", Effort(rounds=4, patience_seconds=1e9), {"a": 2})
    assert [set(times) for times in rounds] == [{"a", "b"}, {"a", "b"}, {"b"}, {"b"}]
    assert order == ".a.b.b.a.a.b.b"


def test_nobody_left_ends_it() -> None:
    rounds, _ = _run("a", Effort(rounds=9, patience_seconds=1e9), {"a": 1})
    assert rounds == [{"a": 1.0}]


def test_patience_ends_after_the_least_rounds() -> None:
    rounds, _ = _run("a", Effort(rounds=50, patience_seconds=0.0))
    assert len(rounds) == 3
