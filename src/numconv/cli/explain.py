"""`numconv explain`: which algorithms could solve a problem, which one would, and why."""

from __future__ import annotations

from typing import Any

import click

from ..core import plugins
from ..core.explanation import Explanation
from . import calls, completion, printing
from .axes import AXES, Axes
from .operands import complete, described
from .options import CHOICE, DTYPE, GEOMETRY, JSON, OPERANDS, SETTINGS, given


@click.command("explain")
@click.argument("op", shell_complete=completion.operators, default="direct")
@CHOICE
@AXES
@OPERANDS
@GEOMETRY
@SETTINGS
@JSON
def command(
    op: str,
    backend: str,
    algorithm: str,
    axes: Axes | None,
    shape: tuple[int, ...] | None,
    weight_shapes: tuple[tuple[int, ...], ...],
    kernel: Any,
    out_channels: int | None,
    dtype: str | None,
    as_json: bool,
    settings: dict[str, Any],
    **parameters: Any,
) -> None:
    """Say which algorithms accept an operator's problem, which would run, and why.

    Nothing is computed. Without --shape it is an image-sized tensor, 1x64x56x56.
    """
    if axes is not None and shape is None:
        raise click.UsageError("--axes are those of a --shape")
    x, spatial = described(shape or (1, 64, 56, 56), dtype or DTYPE, axes)
    operator, operands, completed = complete(
        plugins.operator(op),
        x,
        weight_shapes,
        kernel,
        out_channels,
        {**given(**parameters), **settings},
        spatial,
    )
    parameters = {**completed, **calls.where(backend, algorithm)}
    explanation, _ = calls.explained(operator, operands, parameters)
    if as_json:
        shapes = {
            name: list(operand.shape)
            for name, operand in zip(operator.operands, operands, strict=False)
        }
        facts = explanation.to_dict()
        printing.as_json({"operator": op, "operands": shapes, "parameters": completed, **facts})
        return
    words = [
        f"{name} {printing.shape(operand.shape)}"
        for name, operand in zip(operator.operands, operands, strict=False)
    ]
    words += [f"{name}={printing.word(value)}" for name, value in completed.items()]
    printing.say(f"{op}: {', '.join(words)}, {operands[0].dtype}")
    printing.say(f"result: {printing.shape(explanation.result_shape)}")
    _print(explanation)


def _print(explanation: Explanation) -> None:
    for number, stage in enumerate(explanation.stages, 1):
        printing.say()
        many = len(explanation.stages) > 1
        printing.pairs(
            [
                *([(f"stage {number}", stage.label)] if many else []),
                ("chosen", f"{stage.backend}/{stage.algorithm}: {stage.reason}"),
                ("plan", stage.plan_description),
                ("multiply-adds", printing.count(stage.macs)),
                ("moves at least", printing.count(stage.min_bytes, "B")),
                ("workspace", printing.count(stage.workspace_bytes, "B")),
            ]
        )
        rows = [
            (
                "/".join(filter(None, (each.backend, each.algorithm))),
                "" if each.seconds is None else printing.seconds(each.seconds),
                each.refusal or "",
            )
            for each in stage.candidates
        ]
        printing.say()
        printing.table(("candidate", "estimated", "refused because"), rows)
    if not explanation.stages:
        printing.say("It moves data only: there is no problem to solve.")
