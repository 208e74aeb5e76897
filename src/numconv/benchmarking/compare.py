"""Two reports compared: what changed beyond the spread of the rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from . import ratios
from .ratios import Spread
from .report import LayerReport, Report

# A smaller change is none, however narrow the spreads are: code moves in memory, and is faster
# or slower for it.
LEAST_CHANGE = 0.03
FASTER, SLOWER, SAME = "faster", "slower", "same"


@dataclass(frozen=True)
class Change:
    """What became of a layer in a column.

    `factor` above 1 is faster. `peer` is the contestant whose ratio was compared; where it is
    empty, times were, in units of the machine's rate when they were measured.
    """

    suite: str
    layer: str
    column: str
    peer: str
    factor: float
    verdict: str
    old: Spread
    new: Spread


@dataclass(frozen=True)
class Comparison:
    """All changes, and what makes them doubtful."""

    changes: list[Change]
    warnings: list[str]

    @property
    def slower(self) -> list[Change]:
        return [each for each in self.changes if each.verdict == SLOWER]

    @property
    def faster(self) -> list[Change]:
        return [each for each in self.changes if each.verdict == FASTER]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(new: Report, old: Report) -> Comparison:
    """Return what changed from `old` to `new`.

    Where both have a peer in common its ratios are compared, for whatever the machine did to
    one side of a round it did to the other. Else times are, each multiplied by the machine's rate
    at that time. A change is one whose quartiles lie apart, by more than `LEAST_CHANGE`.
    """
    before = {_key(each): each for each in old.layers}
    changes: list[Change] = []
    for layer in new.layers:
        past = before.get(_key(layer))
        if past is None:
            continue
        for column in new.columns:
            changes += _changes(column, new, layer, old, past)
    return Comparison(changes, _warnings(new, old, before))


def _key(layer: LayerReport) -> tuple[Any, ...]:
    given = layer.layer
    parameters = tuple(sorted((name, str(value)) for name, value in given.parameters.items()))
    return layer.suite, given.name, given.function, given.operands, parameters, given.dtype


def _changes(
    column: str, new: Report, layer: LayerReport, old: Report, past: LayerReport
) -> list[Change]:
    now = layer.measurement(column, new.subject)
    then = past.measurement(column, old.subject)
    if now is None or then is None or not (now.valid and then.valid):
        return []
    found = []
    for peer in new.peers:
        if layer.ratio(column, new.subject, peer) and past.ratio(column, old.subject, peer):
            values = [
                ratios.paired(own.seconds, each.columns[column][peer].seconds)
                for each, own in ((past, then), (layer, now))
            ]
            found.append(_change(layer, column, peer, *values))
    if found:
        return found
    rates = past.rate, layer.rate
    scales = rates if all(rates) else (1.0, 1.0)
    speeds = [
        [1 / (seconds * (scale or 1.0)) for seconds in own.seconds]
        for own, scale in zip((then, now), scales, strict=True)
    ]
    return [_change(layer, column, "", *speeds)]


def _change(
    layer: LayerReport, column: str, peer: str, old: Sequence[float], new: Sequence[float]
) -> Change:
    before, after = Spread.of(old), Spread.of(new)
    factor = after.median / before.median
    verdict = SAME
    if before.apart(after) and abs(factor - 1) > LEAST_CHANGE:
        verdict = FASTER if factor > 1 else SLOWER
    return Change(layer.suite, layer.layer.name, column, peer, factor, verdict, before, after)


def _warnings(new: Report, old: Report, before: dict[tuple[Any, ...], LayerReport]) -> list[str]:
    found = []
    facts = (
        ("contestant", old.subject, new.subject),
        ("processor", old.machine.get("processor"), new.machine.get("processor")),
        ("number of threads", old.threads, new.threads),
    )
    found += [f"another {name}: {now}, not {then}" for name, then, now in facts if now != then]
    missing = len([each for each in new.layers if _key(each) not in before])
    if missing:
        found.append(f"{missing} of {len(new.layers)} layers not in the older report")
    return found
