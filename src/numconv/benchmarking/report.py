"""The report of a measurement: plain data that outlives the process as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from ..core.errors import ArgumentError
from . import ratios
from .ratios import Ratio
from .suites import Layer, layer_from

SCHEMA = 1
# A machine whose rate moved by more than this during a layer deserves a note.
MOVED = 0.15


@dataclass
class Measurement:
    """One contestant on one layer in one column.

    `seconds` holds one time for each round, the median of its calls; `calls` counts those of all
    rounds. `first_seconds` is what the first call took, planning and compiling included. `reason`
    says why there is no time, or no ratio.
    """

    contestant: str
    algorithm: str = ""
    first_seconds: float | None = None
    calls: int = 0
    seconds: list[float] = field(default_factory=list)
    reason: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether it may be compared with others."""
        return bool(self.seconds) and not self.reason


@dataclass
class LayerReport:
    """A layer in every column; the rates are the machine's before and after, in FLOP/s."""

    suite: str
    layer: Layer
    flops: int = 0
    min_bytes: int = 0
    rate_before: float | None = None
    rate_after: float | None = None
    columns: dict[str, dict[str, Measurement]] = field(default_factory=dict)

    @property
    def rate(self) -> float | None:
        """The better of the two rates."""
        rates = [rate for rate in (self.rate_before, self.rate_after) if rate is not None]
        return max(rates, default=None)

    @property
    def moved(self) -> float:
        """By which part the machine's rate changed meanwhile."""
        if self.rate_before is None or self.rate_after is None:
            return 0.0
        return self.rate_after / self.rate_before - 1

    @property
    def notes(self) -> list[str]:
        """What the contestants warned of."""
        measured = [each for column in self.columns.values() for each in column.values()]
        found = [f"{each.contestant}: {note}" for each in measured for note in each.notes]
        return list(dict.fromkeys(found))

    def measurement(self, column: str, contestant: str) -> Measurement | None:
        return self.columns.get(column, {}).get(contestant)

    def ratio(self, column: str, own: str, peer: str) -> Ratio | None:
        """Return how many times faster `own` is than `peer`, where both may be compared."""
        ours, theirs = self.measurement(column, own), self.measurement(column, peer)
        if ours is None or theirs is None or not (ours.valid and theirs.valid):
            return None
        return ratios.ratio(ours.seconds, theirs.seconds)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LayerReport:
        columns = {
            column: {name: Measurement(**each) for name, each in measured.items()}
            for column, measured in data["columns"].items()
        }
        return cls(**{**data, "layer": layer_from(data["layer"]), "columns": columns})


@dataclass
class Report:
    """All that was measured.

    The first of `contestants` is the one that the others, its peers, are compared with. `roofs`
    holds the best that was seen of each dtype, as ``{"flops": ..., "bytes_per_second": ...}``.
    """

    date: str
    machine: dict[str, Any]
    threads: int
    contestants: list[str]
    columns: list[str]
    suites: dict[str, str]
    rounds: int
    versions: dict[str, str] = field(default_factory=dict)
    roofs: dict[str, dict[str, float]] = field(default_factory=dict)
    layers: list[LayerReport] = field(default_factory=list)
    interrupted: bool = False
    schema: int = SCHEMA

    @property
    def subject(self) -> str:
        return self.contestants[0]

    @property
    def peers(self) -> list[str]:
        return self.contestants[1:]

    def ratios(self, column: str, peer: str) -> list[tuple[LayerReport, Ratio]]:
        """Return the layers that have a ratio to `peer`, in their order."""
        found = [(each, each.ratio(column, self.subject, peer)) for each in self.layers]
        return [(each, ratio) for each, ratio in found if ratio is not None]

    def unsteady(self) -> list[LayerReport]:
        """Return the layers during which the machine's rate moved by more than `MOVED`."""
        return [each for each in self.layers if abs(each.moved) > MOVED]

    def losses(self, column: str, peer: str) -> list[tuple[LayerReport, Ratio]]:
        """Return the layers on which `peer` is faster, the worst first."""
        lost = [(each, ratio) for each, ratio in self.ratios(column, peer) if ratio.loss]
        return sorted(lost, key=lambda pair: pair[1].median)

    def geometric_mean(self, column: str, peer: str) -> float | None:
        """Return the geometric mean of the median ratios."""
        found = [ratio.median for _, ratio in self.ratios(column, peer)]
        return ratios.geometric_mean(found) if found else None

    def whole(self, column: str, peer: str) -> float | None:
        """Return the ratio of the times of all layers, each as often as its network has it."""
        layers = [each for each, _ in self.ratios(column, peer)]
        if not layers:
            return None
        own, theirs = (
            [median(each.columns[column][name].seconds) for each in layers]
            for name in (self.subject, peer)
        )
        return ratios.whole(own, theirs, [each.layer.count for each in layers])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; what can be worked out of the times stands in
        ``"summary"`` besides."""
        return {**asdict(self), "summary": self._summary()}

    def _summary(self) -> list[dict[str, Any]]:
        return [
            {
                "column": column,
                "peer": peer,
                "geometric_mean": self.geometric_mean(column, peer),
                "whole_network": self.whole(column, peer),
                "layers": {
                    f"{each.suite}/{each.layer.name}": asdict(ratio)
                    for each, ratio in self.ratios(column, peer)
                },
            }
            for column in self.columns
            for peer in self.peers
        ]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        """Return the report that `to_dict` made."""
        given = {name: value for name, value in data.items() if name != "summary"}
        given["layers"] = [LayerReport.from_dict(each) for each in given["layers"]]
        return cls(**given)

    def write(self, path: Path) -> None:
        """Save the report as JSON."""
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Report:
        """Return the report in a file.

        Raises
        ------
        ArgumentError
            If the file holds none, or one of another schema.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            schema = data["schema"]
            if schema == SCHEMA:
                return cls.from_dict(data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            expected = f"a report written by numconv bench ({type(error).__name__}: {error})"
            raise ArgumentError("report", str(path), expected) from None
        raise ArgumentError("report", str(path), f"schema {SCHEMA}, not {schema}")
