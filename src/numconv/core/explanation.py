"""What the dispatcher would do with a call, and why, without doing it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from . import contract
from .choice import Candidate, Choice, candidates, choose, passing_over
from .dispatch import Traced
from .optional import memory_name
from .protocol import Plan, Problem
from .threads import num_threads_held
from .units import seconds


@dataclass(frozen=True, repr=False)
class Stage:
    """One problem of a call and who would solve it."""

    label: str
    problem: Problem
    candidates: tuple[Candidate, ...]
    backend: str
    algorithm: str
    reason: str
    macs: int
    min_bytes: int
    workspace_bytes: int
    plan_description: str

    def __str__(self) -> str:
        lines = [
            self.label,
            f"  {self.backend}/{self.algorithm}: {self.reason}",
            f"  {self.plan_description}",
            f"  {self.macs:,} multiply-adds, at least {self.min_bytes:,} bytes moved, "
            f"{self.workspace_bytes:,} bytes of workspace",
        ]
        for candidate in self.candidates:
            name = "/".join(filter(None, (candidate.backend, candidate.algorithm)))
            if candidate.seconds is None:
                lines.append(f"  {name:20} refused: {candidate.refusal}")
            else:
                lines.append(f"  {name:20} {seconds(candidate.seconds)}, estimated")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, repr=False)
class Explanation:
    """The stages of a call, in order; one for an operator that is one problem."""

    stages: tuple[Stage, ...]
    result_shape: tuple[int, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.stages)) or "moves data only: no problem to solve"

    def __repr__(self) -> str:
        return str(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data, for machines."""
        return {
            "result_shape": list(self.result_shape),
            "stages": [{**asdict(stage), "problem": str(stage.problem)} for stage in self.stages],
        }


def label(problem: Problem) -> str:
    """Return a problem's shapes in a line."""
    operands = " * ".join(map(str, problem.operand_shapes))
    return f"{operands} -> {problem.result_shape} {problem.dtype}"


def explain(
    traced: Sequence[Traced], result_shape: tuple[int, ...], device: str = "cpu"
) -> Explanation:
    """Explain traced problems, each with the backend and algorithm it was asked for with.

    `device` is that in whose memory the arrays lie.
    """
    return Explanation(tuple(_stage(each, device) for each in traced), result_shape)


@num_threads_held
def _stage(traced: Traced, device: str) -> Stage:
    problem = traced.problem

    def planned(broken: Collection[str]) -> tuple[Choice, Plan]:
        choice = choose(problem, traced.backend, traced.algorithm, device, broken)
        return choice, choice.algorithm.plan(problem)

    choice, plan = passing_over(traced.backend, planned)
    return Stage(
        label=label(problem),
        problem=problem,
        candidates=tuple(candidates(problem, device=memory_name(choice.backend))),
        backend=choice.backend.name,
        algorithm=choice.algorithm.name,
        reason=choice.reason,
        macs=problem.macs,
        min_bytes=problem.min_bytes,
        workspace_bytes=plan.workspace_bytes,
        plan_description=contract.described(plan),
    )
