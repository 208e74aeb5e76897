"""`numconv shape`: the arithmetic of layers, worked out and drawn, without computing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ..core import plugins
from ..core.errors import ArgumentError
from ..core.protocol import Operand
from . import arithmetic, calls, files, images, limits, printing
from .arithmetic import ReceptiveField, Window
from .operands import complete
from .options import GEOMETRY, JSON, OP, Padding, ParamType, Sizes, given

_KEYS = {"k": "kernel", "s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
_KEYS["c"] = "out_channels"
_MOST_TAPS, _MOST_PHASES = 1_000_000, 65_536
_MOST_PRINTED = 64


class Layer(ParamType):
    """What one layer of a stack does, such as k=3,s=2,p=1."""

    name = "layer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        found: dict[str, Any] = {}
        for part in value.split(","):
            key, equals, text = (piece.strip() for piece in part.partition("="))
            if not equals or key not in (*_KEYS, *_KEYS.values()):
                keys = ", ".join(f"{short} ({name})" for short, name in _KEYS.items())
                self.fail(f"{part!r}: expected KEY=VALUE with KEY one of {keys}", param, ctx)
            name = _KEYS.get(key, key)
            form = Padding() if name == "padding" else Sizes()
            found[name] = form.convert(text, param, ctx)
            if name in ("groups", "out_channels") and not isinstance(found[name], int):
                self.fail(f"{part!r}: expected one integer", param, ctx)
        return found


@dataclass(frozen=True)
class Step:
    """One layer of the stack, worked out."""

    problem: Any
    windows: tuple[Window, ...]
    fields: tuple[ReceptiveField, ...]
    learned: int

    def to_dict(self) -> dict[str, Any]:
        problem = self.problem
        return {
            "kernel": problem.kernel_shape,
            "stride": problem.stride,
            "padding": problem.padding,
            "dilation": problem.dilation,
            "groups": problem.groups,
            "output_shape": problem.result_shape[1:],
            "receptive_field": [field.size for field in self.fields],
            "jump": [field.jump for field in self.fields],
            "parameters": self.learned,
            "macs": problem.macs,
            "memory_bytes": problem.min_bytes,
        }


@click.command("shape")
@click.option(
    "--input-shape",
    type=Sizes(single=False),
    default="64x56x56",
    show_default=True,
    help="C and the spatial axes.",
)
@OP
@click.option("--out-channels", type=click.IntRange(min=1), help="[default: as many as go in]")
@click.option("--kernel", type=Sizes(), help="Kernel size, e.g. 3 or 1x7.")
@GEOMETRY
@click.option(
    "--layer",
    "layers",
    type=Layer(),
    multiple=True,
    help="One layer of several in a row, e.g. k=3,s=2,p=1,d=1,g=1,c=128; repeat.",
)
@click.option("--dtype", default="float32", show_default=True, help="What memory is counted in.")
@click.option("--draw", type=click.Path(path_type=Path), help="Draw the first layer's arithmetic.")
@JSON
def command(
    input_shape: tuple[int, ...],
    op: str,
    out_channels: int | None,
    kernel: Any,
    layers: Sequence[dict[str, Any]],
    dtype: str,
    draw: Path | None,
    as_json: bool,
    **geometry: Any,
) -> None:
    """Work out sizes, receptive fields, parameters, multiply-adds and memory of layers.

    For a transposed convolution it also says how evenly the kernel's taps overlap: uneven
    overlap shows as a checkerboard.

    \b
      numconv shape --input-shape 3x224x224 --layer k=7,s=2,p=3,c=64 --layer k=3,s=2,p=1
      numconv shape --op transposed --kernel 3 --stride 2 --draw overlap.png
    """
    single = given(kernel=kernel, out_channels=out_channels, **geometry)
    if layers and (single or op != "direct"):
        raise click.UsageError("--layer describes whole layers: leave out the other options")
    if draw is not None:
        files.check_output(draw)
    steps = _steps(op, Operand(input_shape, dtype), layers or (single,))
    if draw is not None:
        from . import drawing

        drawing.check(steps[0].problem, steps[0].windows)
        drawn = drawing.draw(steps[0].problem, steps[0].windows)
        limits.check(draw, *drawn.size)
        images.write_picture(draw, drawn)
    facts = _facts(input_shape, op, steps)
    facts["drawing"] = None if draw is None else str(draw)
    if as_json:
        printing.as_json(facts)
    else:
        _print(facts, steps)


def _steps(op: str, x: Operand, layers: Sequence[dict[str, Any]]) -> list[Step]:
    operator = plugins.operator(op)
    if not 2 <= x.ndim <= 4:
        raise ArgumentError("input_shape", x.shape, "C and one to three spatial axes")
    steps: list[Step] = []
    fields = (ReceptiveField(),) * (x.ndim - 1)
    shape = x.shape
    for layer in layers:
        parameters = dict(layer)
        kernel, outputs = parameters.pop("kernel", None), parameters.pop("out_channels", None)
        batched = Operand((1, *shape), x.dtype)
        _, operands, parameters = complete(
            operator, batched, (), kernel, outputs, parameters, axes=len(shape) - 1
        )
        problem = _only(op, operator, operands, parameters)
        windows = _windows(problem)
        if problem.direction == "forward":
            fields = tuple(f.through(w) for f, w in zip(fields, windows, strict=True))
        steps.append(Step(problem, windows, fields, _learned(problem)))
        shape = problem.result_shape[1:]
    return steps


def _only(op: str, operator: Any, operands: tuple[Operand, ...], parameters: dict[str, Any]) -> Any:
    traced, _ = calls.traced(operator, operands, parameters)
    if len(traced) != 1 or not operator.naive:
        expected = "an operator that is not made of others (see `numconv explain`)"
        raise ArgumentError("op", op, expected)
    problem = traced[0].problem
    if not hasattr(problem, "stride"):
        raise ArgumentError("op", op, "an operator whose problem is a layer, with a stride")
    return problem


def _windows(problem: Any) -> tuple[Window, ...]:
    axes = zip(problem.kernel_shape, problem.stride, problem.padding, problem.dilation, strict=True)
    # Output padding crops at the end, which a window cannot say and overlap does not need.
    return tuple(Window(k, s, lo, max(hi, 0), d) for k, s, (lo, hi), d in axes)


def _learned(problem: Any) -> int:
    """Return the parameters; an involution's kernels are computed from x, not learned."""
    if not hasattr(problem, "weight_shape"):
        return 0
    channels = (problem.in_channels, problem.out_channels)
    return arithmetic.parameters(*channels, problem.kernel_shape, problem.groups)


def _facts(input_shape: tuple[int, ...], op: str, steps: Sequence[Step]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "op": op,
        "input_shape": input_shape,
        "output_shape": steps[-1].problem.result_shape[1:],
        "layers": [step.to_dict() for step in steps],
        "parameters": sum(step.learned for step in steps),
        "macs": sum(step.problem.macs for step in steps),
        "memory_bytes": sum(step.problem.min_bytes for step in steps),
    }
    last = steps[-1]
    if last.problem.direction == "forward":
        facts["receptive_field"] = [field.size for field in last.fields]
        facts["jump"] = [field.jump for field in last.fields]
        facts["first_centre"] = [field.start for field in last.fields]
    else:
        facts["overlap"] = _overlap(last)
    return facts


def _overlap(step: Step) -> dict[str, Any]:
    problem = step.problem
    kernel, stride, dilation = problem.kernel_shape, problem.stride, problem.dilation
    for name, value, size, most in (
        ("kernel", kernel, max(kernel), _MOST_TAPS),
        ("stride", stride, prod(stride), _MOST_PHASES),
    ):
        if size > most:
            expected = f"at most {most} samples of it, for the taps of each output to be counted"
            raise ArgumentError(name, printing.shape(value), expected)
    counts = [
        arithmetic.tap_counts(k, s, d) for k, s, d in zip(kernel, stride, dilation, strict=True)
    ]
    pattern = counts[0]
    taps = np.array(pattern)
    for other in counts[1:]:
        taps = np.multiply.outer(taps, np.array(other))
    score = arithmetic.unevenness(kernel, stride, dilation)
    return {
        "taps_per_output": taps.tolist(),
        "unevenness": round(score, 4),
        "suggestion": _suggestion(kernel, stride, dilation) if score else None,
    }


def _suggestion(kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> str:
    even = [arithmetic.even_kernel(k, s) for k, s in zip(kernel, stride, strict=True)]
    first = f"a kernel of {printing.shape(even)}, which the stride divides"
    if any(d > 1 for d in dilation):
        first += ", without dilation"
    return (
        f"{first}; or enlarge {printing.shape(stride)} times by nearest or linear "
        "interpolation and convolve with stride 1"
    )


def _print(facts: dict[str, Any], steps: Sequence[Step]) -> None:
    shape = printing.shape
    if len(steps) > 1:
        header = ("layer", "kernel", "stride", "padding", "dilation", "output", "sees", "every")
        rows = []
        for number, step in enumerate(steps, 1):
            d = step.to_dict()
            rows.append(
                (
                    *(str(number), shape(d["kernel"]), shape(d["stride"])),
                    *(_padding(d["padding"]), shape(d["dilation"]), shape(d["output_shape"])),
                    *(shape(d["receptive_field"]), shape(d["jump"])),
                )
            )
        printing.table(header, rows)
        printing.say()
    problem = steps[0].problem
    lines = [("input", shape(facts["input_shape"]))]
    if len(steps) == 1:
        lines += [
            ("kernel", shape(problem.kernel_shape)),
            ("stride", shape(problem.stride)),
            ("padding", _padding(problem.padding)),
            ("dilation", shape(problem.dilation)),
            ("groups", str(problem.groups)),
        ]
    lines.append(("output", shape(facts["output_shape"])))
    if "receptive_field" in facts:
        lines += [
            ("receptive field", f"{shape(facts['receptive_field'])} samples of the input"),
            ("neighbours apart", f"{shape(facts['jump'])} samples"),
        ]
    lines += [
        ("parameters", _learned_line(facts, problem)),
        ("multiply-adds", printing.count(facts["macs"])),
        ("memory", f"{printing.count(facts['memory_bytes'], 'B')}: operands and results"),
    ]
    if "overlap" in facts:
        overlap = facts["overlap"]
        even = "even" if overlap["unevenness"] == 0 else "uneven: expect a checkerboard"
        lines.append(("taps per output", _taps(np.array(overlap["taps_per_output"]))))
        lines.append(("unevenness", f"{overlap['unevenness']:.3g} ({even})"))
        if overlap["suggestion"]:
            lines.append(("instead", overlap["suggestion"]))
    if facts["drawing"]:
        lines.append(("drawing", facts["drawing"]))
    printing.pairs(lines)


def _taps(counts: NDArray[np.int64]) -> str:
    if counts.size > _MOST_PRINTED:
        words = f"{counts.min()} to {counts.max()}, in a pattern of {printing.shape(counts.shape)}"
    else:
        words = str(counts.tolist())
    return f"{words}, repeating every stride"


def _learned_line(facts: dict[str, Any], problem: Any) -> str:
    if hasattr(problem, "kernels_shape"):
        kernels = prod(problem.kernels_shape)
        return f"0, without the kernels' generator, which computes {printing.count(kernels)} values"
    return f"{facts['parameters']:,} (without bias)"


def _padding(pairs: Sequence[tuple[int, int]]) -> str:
    if all(lo == hi for lo, hi in pairs):
        return printing.shape([lo for lo, _ in pairs])
    return ",".join(f"{lo}:{hi}" for lo, hi in pairs)
