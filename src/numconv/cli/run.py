"""`numconv run`: one operator, once, with everything there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from numpy.typing import NDArray

from ..core import plugins
from ..core.explanation import Explanation
from ..core.protocol import Operand, Operator
from . import calls, images, inputs, measuring, moving, printing
from .inputs import Inputs, Wishes
from .main import CHECK_FAILED, OK
from .options import CHOICE, GEOMETRY, JSON, OPERANDS, SETTINGS, given

Array = NDArray[Any]

SIMULATED_PIXELS = 1_500
"""Of a demonstration where kernels run as Python, a microsecond for each operation."""


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


@click.command("run")
@click.option("--op", default="direct", show_default=True, help="See `numconv ops`.")
@CHOICE
@click.option(
    "--input", "path", type=click.Path(path_type=Path), help="An image, or x in a .npy/.npz file."
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    help="A .npy/.npz file, once for each operand after x; or a kernel of `numconv filters`, "
    "applied to each channel.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="A picture of input and output, or .npy/.npz for the result itself.  [default: OP.png "
    "for pictures]",
)
@OPERANDS
@GEOMETRY
@SETTINGS
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Timed calls, after a first one that compiles.",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all processors]")
@click.option("--check", is_flag=True, help="Compare with the naive reference; exit 1 if wrong.")
@JSON
def command(
    op: str,
    backend: str,
    algorithm: str,
    path: Path | None,
    weights: tuple[str, ...],
    output: Path | None,
    seed: int,
    repeat: int,
    threads: int | None,
    check: bool,
    as_json: bool,
    shape: tuple[int, ...] | None,
    weight_shapes: tuple[tuple[int, ...], ...],
    kernel: Any,
    out_channels: int | None,
    dtype: str | None,
    settings: dict[str, Any],
    **parameters: Any,
) -> int:
    """Run an operator on an image, a file or random tensors, and say what ran.

    Without --input and --shape it takes the photograph that ships with the package and writes
    a picture of input and output. --shape runs on random tensors and writes nothing unless
    --output is given.

    \b
      numconv run --op involution
      numconv run --input photo.jpg --weight sobel-x --output edges.png
      numconv run --shape 1x64x56x56 --padding 1 --check --json

    Exit status: 0 fine, 1 the check failed, 2 the call cannot be made here.
    """
    wishes = Wishes(path, weights, shape, weight_shapes, kernel, out_channels, dtype, seed)
    if threads is not None:
        from ..core.threads import set_num_threads

        set_num_threads(threads)
    operator = plugins.operator(op)
    if output is None and shape is None:
        output = Path(f"{op}.png")
    if output is not None:
        images.check_output(output)
    mover = moving.mover(backend)
    parameters = {**given(**parameters), **settings}
    most = SIMULATED_PIXELS if mover.simulated else inputs.MOST_PIXELS
    chosen = inputs.gather(operator, wishes, parameters, most)
    where = calls.where(backend, algorithm)
    outcome = _run(operator, chosen, where, 1 if mover.simulated else repeat, check, mover)
    if output is not None:
        _write(outcome, output)
    facts = _facts(outcome, output)
    if as_json:
        printing.as_json(facts)
    else:
        _print(facts, outcome)
    return CHECK_FAILED if outcome.check is not None and not outcome.check.passed else OK


def _run(
    operator: Operator,
    chosen: Inputs,
    where: Mapping[str, str],
    repeat: int,
    check: bool,
    mover: moving.Mover,
) -> Outcome:
    described = [Operand(array.shape, array.dtype.name) for array in chosen.arrays]
    parameters = {**chosen.parameters, **where}
    explanation, notes = calls.explained(operator, described, parameters)
    operands, settings = mover.put(chosen.arrays), mover.put_parameters(parameters)

    def call() -> Any:
        made = operator.apply(*operands, **settings)
        mover.finish()
        return made

    made, timing = measuring.timed(call, repeat)
    result = mover.fetch(made)
    compared = None
    if check:
        compared = measuring.checked(
            operator, explanation, chosen.arrays, chosen.parameters, result
        )
    if mover.simulated:
        notes = (*notes, "the GPU is simulated: times say nothing, and only one call was made")
    transfers = tuple(mover.seconds)
    return Outcome(operator, chosen, explanation, result, timing, compared, transfers, notes)


def _write(outcome: Outcome, output: Path) -> None:
    if output.suffix.lower() in images.ARRAY_SUFFIXES:
        images.write_array(output, outcome.result)
        return
    from . import panels

    x = outcome.inputs.arrays[0]
    sheet = panels.side_by_side(
        [
            panels.panel("input", x, outcome.inputs.coloured),
            panels.panel("output", outcome.result, outcome.inputs.coloured),
        ],
        f"{outcome.operator.name}: {outcome.inputs.caption}",
    )
    images.write_picture(output, sheet)


def _facts(outcome: Outcome, output: Path | None) -> dict[str, Any]:
    """Return everything that is known of the run, as plain data."""
    stages, timing = outcome.explanation.stages, outcome.timing
    macs = sum(stage.macs for stage in stages)
    facts: dict[str, Any] = {
        "operator": outcome.operator.name,
        "source": outcome.inputs.source,
        "caption": outcome.inputs.caption,
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
        "compile_seconds": timing.compile,
        "seconds": {"min": timing.minimum, "median": timing.median, "all": list(timing.runs)},
        "transfer_seconds": sum(outcome.transfers) if outcome.transfers else None,
        "gflops": 2e-9 * macs / timing.minimum if timing.minimum else None,
        "notes": list(dict.fromkeys((*outcome.notes, *timing.notes))),
        "check": None,
        "output": None if output is None else str(output),
    }
    if outcome.check is not None:
        facts["check"] = {
            "passed": outcome.check.passed,
            "largest_error": outcome.check.largest,
            "fraction_of_bound": outcome.check.fraction,
        }
    return facts


def _print(facts: Mapping[str, Any], outcome: Outcome) -> None:
    shape, seconds = printing.shape, printing.seconds
    rows = [("operator", f"{facts['operator']}: {outcome.operator.summary}")]
    rows.append(("input", facts["source"]))
    rows.append(("what", facts["caption"]))
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
    times = facts["seconds"]
    rows += [
        (
            "first call",
            f"{seconds(facts['first_call_seconds'])}, of which "
            f"{seconds(facts['compile_seconds'])} to plan and to compile or load",
        ),
        (
            "time",
            f"min {seconds(times['min'])}, median {seconds(times['median'])} "
            f"of {len(times['all'])}",
        ),
    ]
    if facts["transfer_seconds"] is not None:
        taken = seconds(facts["transfer_seconds"])
        rows.append(("transfer", f"{taken} to the device and back, not in the time"))
    if facts["macs"]:
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
        click.echo(f"note: {note}", err=True)


def _verdict(check: measuring.Check) -> str:
    word = "passed" if check.passed else "FAILED"
    if check.largest == 0:
        return f"{word}: equal to the naive reference"
    return (
        f"{word}: largest error {check.largest:.3g}, "
        f"{check.fraction:.3g} of the bound of its output"
    )
