"""What there is to say about a finished run: as plain data, and in two columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..core.explanation import Explanation
from ..core.protocol import Operator
from . import inputs, measuring, printing
from .inputs import Inputs

Array = NDArray[Any]


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    operator: Operator
    inputs: Inputs
    explanation: Explanation
    result: Array
    timing: measuring.Timing
    check: measuring.Check | None
    transfers: tuple[float, ...]
    notes: tuple[str, ...]


def facts(outcome: Outcome, output: Path | None) -> dict[str, Any]:
    """Return everything that is known of the run, as plain data."""
    stages, timing = outcome.explanation.stages, outcome.timing
    macs = sum(stage.macs for stage in stages)
    known: dict[str, Any] = {
        "operator": outcome.operator.name,
        "source": outcome.inputs.source,
        "caption": outcome.inputs.caption,
        "axes": None if outcome.inputs.axes is None else outcome.inputs.axes.letters,
        "operands": inputs.shapes(outcome.operator.operands, outcome.inputs.arrays),
        "parameters": dict(outcome.inputs.parameters),
        "result_shape": list(outcome.result.shape),
        "dtype": outcome.inputs.arrays[0].dtype.name,
        "result_dtype": outcome.result.dtype.name,
        "stages": [
            {
                "problem": stage.label,
                "backend": stage.backend,
                "algorithm": stage.algorithm,
                "reason": stage.reason,
                "plan": stage.plan_description,
                "macs": stage.macs,
                "workspace_bytes": stage.workspace_bytes,
            }
            for stage in stages
        ],
        "macs": macs,
        "workspace_bytes": max((stage.workspace_bytes for stage in stages), default=0),
        "first_call_seconds": timing.first,
        "compile_seconds": timing.compile if timing.runs else None,
        "seconds": {"min": timing.minimum, "median": timing.median, "all": list(timing.runs)},
        "transfer_seconds": sum(outcome.transfers) if outcome.transfers else None,
        "gflops": 2e-9 * macs / timing.minimum if timing.minimum else None,
        "notes": list(dict.fromkeys((*outcome.notes, *timing.notes))),
        "check": None,
        "output": None if output is None else str(output),
    }
    if outcome.check is not None:
        known["check"] = {
            "passed": outcome.check.passed,
            "largest_error": outcome.check.largest,
            "fraction_of_bound": outcome.check.fraction,
        }
    return known


def show(facts: Mapping[str, Any], outcome: Outcome) -> None:
    shape, seconds = printing.shape, printing.seconds
    rows = [("operator", f"{facts['operator']}: {outcome.operator.summary}")]
    rows.append(("input", facts["source"]))
    rows.append(("what", facts["caption"]))
    if outcome.inputs.axes is not None:
        given, taken = facts["axes"], outcome.inputs.axes.taken
        rows.append(("axes", given if given == taken else f"{given}, taken as {taken}"))
    rows += [(name, shape(each)) for name, each in facts["operands"].items()]
    if facts["parameters"]:
        words = (f"{name}={printing.word(value)}" for name, value in facts["parameters"].items())
        rows.append(("parameters", ", ".join(words)))
    rows.append(("result", shape(facts["result_shape"])))
    changed = facts["result_dtype"] != facts["dtype"]
    rows.append(("dtype", facts["dtype"] + f", result {facts['result_dtype']}" * changed))
    many = len(facts["stages"]) > 1
    for number, stage in enumerate(facts["stages"], 1):
        name = f"stage {number}" if many else "ran on"
        rows.append((name, f"{stage['backend']}/{stage['algorithm']} ({stage['reason']})"))
        if many:
            rows.append(("", stage["problem"]))
    rows += _times(facts)
    if facts["transfer_seconds"] is not None:
        taken = seconds(facts["transfer_seconds"])
        rows.append(("transfer", f"{taken} to the device and back, not in the time"))
    if facts["macs"] and facts["seconds"]["all"]:
        unit = "GOP/s" if facts["result_dtype"] == "int64" else "GFLOP/s"
        rate = f"{facts['gflops']:.3g} {unit}, {printing.count(facts['macs'])} multiply-adds"
        rows.append(("rate", rate))
    rows.append(("workspace", printing.count(facts["workspace_bytes"], "B")))
    if outcome.check is not None:
        rows.append(("check", _verdict(outcome.check)))
    if facts["output"]:
        rows.append(("written to", facts["output"]))
    printing.pairs(rows)
    for note in facts["notes"]:
        printing.say(f"note: {note}", err=True)


def _times(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    seconds, times = printing.seconds, facts["seconds"]
    first = seconds(facts["first_call_seconds"])
    if not times["all"]:
        return [("time", f"{first}, with what it took to plan and to compile or load")]
    took = seconds(facts["compile_seconds"])
    spread = f"min {seconds(times['min'])}, median {seconds(times['median'])}"
    return [
        ("first call", f"{first}, of which {took} to plan and to compile or load"),
        ("time", f"{spread} of {len(times['all'])}"),
    ]


def _verdict(check: measuring.Check) -> str:
    word = "passed" if check.passed else "FAILED"
    if check.largest == 0:
        return f"{word}: equal to the naive reference"
    return (
        f"{word}: largest error {check.largest:.3g}, "
        f"{check.fraction:.3g} of the bound of its output"
    )
