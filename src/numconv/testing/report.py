"""What a verification found: what ran, what was refused, how near the bounds, what is broken."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..core.machine import processor, versions
from .encoding import to_text
from .verification import Check, Checks, Request, Result

SCHEMA = 1


@dataclass
class Row:
    """What became of one law for one algorithm."""

    algorithm: str
    law: str
    stage: str
    promise: str
    kept: int = 0
    not_applicable: int = 0
    broken: int = 0
    largest_fraction: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """The first check that broke a law, its smallest form, and how to see it again."""

    algorithm: str
    law: str
    promise: str
    operator: str
    case: str
    message: str
    problem: str
    smallest_problem: str
    smallest_message: str
    command: str

    @classmethod
    def of(cls, check: Check, message: str, command: str) -> Failure:
        """Return the failure of a check that has not been made smaller."""
        text = to_text(check.named.problem)
        law, named = check.law, check.named
        return cls(
            check.algorithm.name,
            law.name,
            law.promise,
            named.operator,
            named.case,
            message,
            text,
            text,
            message,
            command,
        )


@dataclass
class Report:
    """What a verification found, filled while it runs."""

    request: Request
    checks: Checks
    results: dict[int, Result] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    left_out: int = 0
    interrupted: bool = False

    def made(self) -> list[tuple[Check, Result]]:
        """Return the checks that were made, in their order, and what came of each."""
        return [
            (self.checks.checks[number], self.results[number]) for number in sorted(self.results)
        ]

    def explain(self, number: int, shrunk: Mapping[str, str]) -> None:
        """Add the smallest form of a check that is broken."""
        message = self.results[number].message
        whole = Failure.of(self.checks.checks[number], message, shrunk["command"])
        smallest = {"smallest_problem": shrunk["problem"], "smallest_message": shrunk["message"]}
        self.failures.append(Failure(**{**asdict(whole), **smallest}))

    def broken_kinds(self) -> list[tuple[str, str]]:
        """Return the algorithm and law of each failure that is explained already."""
        return [(each.algorithm, each.law) for each in self.failures]

    def deaths_of(self, algorithm: str) -> int:
        """Return how often an algorithm has killed its process."""
        own = (result for check, result in self.made() if check.algorithm.name == algorithm)
        return sum(result.state == "crashed" for result in own)

    @property
    def complete(self) -> bool:
        """Whether every check was made, but for those of an algorithm that kills its process."""
        return len(self.results) + self.left_out == len(self.checks.checks)

    @property
    def unverified(self) -> list[str]:
        """The algorithms that accepted no problem: nothing is known of them."""
        ran = {check.algorithm.name for check in self.checks.checks}
        return [name for name in self.checks.algorithms if name not in ran]

    @property
    def passed(self) -> bool:
        """Whether everything ran, something did, and no law is broken."""
        bad = any(result.state in ("broken", "crashed") for result in self.results.values())
        return self.complete and bool(self.results) and not bad

    def rows(self) -> list[Row]:
        """Return the counts of each algorithm and law, in the order of the checks."""
        rows: dict[tuple[str, str], Row] = {}
        for check, result in self.made():
            law, algorithm = check.law, check.algorithm.name
            row = rows.setdefault(
                (algorithm, law.name), Row(algorithm, law.name, law.stage, law.promise)
            )
            row.kept += result.state == "kept"
            row.not_applicable += result.state == "not_applicable"
            row.broken += result.state in ("broken", "crashed")
            row.largest_fraction = max(row.largest_fraction, result.fraction)
            row.seconds += result.seconds
        return list(rows.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, for programs."""
        return {
            "schema": SCHEMA,
            "passed": self.passed,
            "complete": self.complete,
            "request": asdict(self.request),
            "versions": versions(("numconv-kernels", "numba", "numpy")),
            "machine": {"processor": processor(), "python": platform.python_version()},
            "checks": len(self.results),
            "left_out": self.left_out,
            "seconds": sum(result.seconds for result in self.results.values()),
            "laws": [asdict(row) for row in self.rows()],
            "refusals": [asdict(each) for each in self.checks.refusals],
            "unverified": self.unverified,
            "failures": [asdict(each) for each in self.failures],
        }
