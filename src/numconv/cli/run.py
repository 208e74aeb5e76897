"""`numconv run`: one operator, on a file with everything there is to say about it, or on many."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..core import plugins
from ..core.errors import ArgumentError
from ..core.protocol import Operand
from . import (
    account,
    calls,
    completion,
    files,
    folder,
    measuring,
    moving,
    printing,
    results,
)
from . import sources as several
from .axes import AXES, Axes
from .inputs import Inputs, Wishes
from .main import CHECK_FAILED, OK
from .options import CHOICE, GEOMETRY, JSON, OP, OPERANDS, SETTINGS, SEVERAL, given
from .request import Request

REPEAT = 5


@click.command("run")
@click.argument("files_given", shell_complete=completion.paths, metavar="[FILES]...", nargs=-1)
@OP
@CHOICE
@click.option(
    *("-i", "--input"),
    "sources",
    shell_complete=completion.paths,
    multiple=True,
    help="A picture, a sound, or x in a .npy/.npz file; a folder of pictures and sounds, or a "
    "quoted pattern such as 'photos/*.jpg'; may be repeated. Or FILES without the option.",
)
@click.option(
    "--weight",
    "weights",
    shell_complete=completion.kernels,
    multiple=True,
    help="A kernel of `numconv filters`, or in a .npy/.npz file of as many axes as a channel, "
    "applied to each channel; or a file once for each operand after x.",
)
@click.option(
    "--size", type=click.IntRange(min=1), help="Taps along an axis of a kernel given by name."
)
@click.option(
    *("-o", "--output"),
    shell_complete=completion.paths,
    help="The filtered picture or sound, in the format of this name; .npy/.npz for the bare "
    "values; a folder, for the results of several.  [default: OP.png, OP.wav]",
)
@click.option(
    "--sheet", is_flag=True, help="Write a picture of input and output side by side instead."
)
@SEVERAL
@AXES
@OPERANDS
@GEOMETRY
@SETTINGS
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--repeat",
    type=click.IntRange(min=0),
    help=f"Timed calls, after a first one that compiles.  [default: {REPEAT}; 0 where a picture "
    "or a sound is filtered]",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all processors]")
@click.option("--check", is_flag=True, help="Compare with the naive reference; exit 1 if wrong.")
@JSON
def command(
    op: str,
    backend: str,
    algorithm: str,
    files_given: tuple[str, ...],
    sources: tuple[str, ...],
    weights: tuple[str, ...],
    size: int | None,
    output: str | None,
    sheet: bool,
    seed: int,
    repeat: int | None,
    threads: int | None,
    check: bool,
    as_json: bool,
    axes: Axes | None,
    shape: tuple[int, ...] | None,
    weight_shapes: tuple[tuple[int, ...], ...],
    kernel: Any,
    out_channels: int | None,
    dtype: str | None,
    settings: dict[str, Any],
    recursive: bool,
    existing: str,
    jobs: int | None,
    **parameters: Any,
) -> int:
    """Run an operator on a picture, a sound, a file or random tensors, and say what ran.

    Without --input and --shape it takes the photograph that ships with the package. Without
    --weight the operator demonstrates itself, and a picture of input and output is written.
    --shape runs on random tensors and writes nothing unless --output is given.

    \b
      numconv run --op involution
      numconv run photo.jpg --weight gaussian --size 15 -o blurred.png
      numconv run --input speech.wav --weight hann --size 31 --output muffled.wav
      numconv run --input photos/ --weight unsharp --output sharpened/
      numconv run --input brain.npy --axes DHW --weight smooth.npy -o smoothed.npy
      numconv run --shape 1x64x56x56 --padding 1 --check --json

    Kernels lie on the input as they are (cross-correlation), and beyond its edges it is continued
    by its mirror image (--padding-mode symmetric).

    A filtered picture keeps its size, colours, depth, transparency and orientation. Kernels that
    find edges sum to 0: their results are scaled, mid-grey being 0. Where a picture is
    transparent, colours count as much as they are seen, and the transparency is filtered with
    them; kernels that sum to 0 leave it as it is. A filtered sound keeps its rate and
    its depth; each channel is filtered by itself, with as many samples before and after.

    Of a folder each picture and sound is filtered, and gets its name in the folder --output (with
    .png behind, where its format cannot be written). What cannot be read is named at the end.

    Exit status: 0 fine, 1 the check or a file of several failed, 2 the call cannot be made here.
    """
    sources = (*sources, *files_given)
    wishes = Wishes(
        *(None, weights, size, shape, weight_shapes, kernel, out_channels, dtype, seed, axes)
    )
    if threads is not None:
        from ..core.threads import set_num_threads

        set_num_threads(threads)
    mover = moving.mover(backend)
    operator = plugins.operator(op)
    asked = {**given(**parameters), **settings}
    request = Request(operator, wishes, asked, calls.where(backend, algorithm), mover, sheet)
    if sources and shape is not None:
        raise click.UsageError("--input and --shape exclude each other")
    if several.are_several(sources, output):
        if check or repeat is not None:
            raise click.UsageError("--check and --repeat are for a single file")
        return folder.run(request, sources, output, recursive, existing, jobs, as_json)
    path = Path(sources[0]) if sources else None
    if output is None and shape is None:
        sounds = path is not None and files.kind(path) == "sound"
        output = f"{op}.{'wav' if sounds and not sheet else 'png'}"
    return _single(request, path, output, existing, repeat, check, as_json)


def _single(
    request: Request,
    path: Path | None,
    output: str | None,
    existing: str,
    repeat: int | None,
    check: bool,
    as_json: bool,
) -> int:
    target = None if output is None else Path(output)
    if target is not None:
        files.check_output(target, (*files.ARRAYS, *files.SOUNDS))
        if (
            existing not in ("overwrite", "replace")
            and path is not None
            and files.same(path, target)
        ):
            expected = "another file than --input, or --existing overwrite to replace that"
            raise ArgumentError("output", str(target), expected)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        chosen = request.gather(path)
        if target is not None:
            results.check(target, chosen, request.sheet)
        outcome = _run(request, chosen, repeat, check, target)
        if target is not None:
            name = request.operator.name
            written = results.write(name, chosen, outcome.result, target, request.sheet)
            outcome = replace(outcome, notes=(*outcome.notes, *written))
    outcome = replace(outcome, notes=(*outcome.notes, *(str(each.message) for each in caught)))
    facts = account.facts(outcome, target)
    if as_json:
        printing.as_json(facts)
    else:
        account.show(facts, outcome)
    return CHECK_FAILED if outcome.check is not None and not outcome.check.passed else OK


def _run(
    request: Request, chosen: Inputs, repeat: int | None, check: bool, target: Path | None
) -> account.Outcome:
    operator, mover = request.fitted(chosen), request.mover
    described = [Operand(array.shape, array.dtype.name) for array in chosen.arrays]
    parameters = {**chosen.parameters, **request.where}
    operands, settings = mover.put(chosen.arrays), mover.put_parameters(parameters)

    def prepare() -> Any:
        explained = calls.explained(operator, described, parameters)
        if target is not None:
            results.check_size(target, chosen, explained[0].result_shape, request.sheet)
        return explained

    def call() -> Any:
        made = operator.apply(*operands, **settings)
        mover.finish()
        return made

    if repeat is None:
        repeat = 0 if chosen.origin is not None else REPEAT
    prepared, made, timing = measuring.timed(prepare, call, 1 if mover.simulated else repeat)
    explanation, notes = prepared
    result = mover.fetch(made)
    compared = None
    if check:
        compared = measuring.checked(
            operator, explanation, chosen.arrays, chosen.parameters, result
        )
    if mover.simulated:
        notes = (*notes, "the GPU is simulated: times say nothing, and only one call was made")
    return account.Outcome(
        operator, chosen, explanation, result, timing, compared, tuple(mover.seconds), notes
    )
