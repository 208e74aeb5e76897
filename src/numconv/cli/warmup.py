"""`numconv warmup`: compiles ahead what calls would compile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import click
import numpy as np

from ..core import plugins, store
from ..core.choice import choose
from ..core.dtypes import DTYPES
from ..core.errors import ArgumentError, RefusedError
from ..core.protocol import Algorithm, Case, Operator
from . import calls, printing, problems, progress
from .main import INTERRUPTED, OK
from .options import DTYPE, JSON


@dataclass
class Part:
    """What is warmed up together, and what it took.

    `whole` says that every algorithm is run, the last resort too, however slow it is.
    """

    name: str
    dtype: str
    problems: Sequence[Any]
    whole: bool
    backends: dict[str, None] = field(default_factory=dict)
    algorithms: dict[str, None] = field(default_factory=dict)
    refusals: dict[str, None] = field(default_factory=dict)
    runs: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return this as plain data."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "problems": len(self.problems),
            "backends": list(self.backends),
            "algorithms": list(self.algorithms),
            "runs": self.runs,
            "seconds": self.seconds,
            "refused": list(self.refusals),
        }


@click.command("warmup")
@click.option("--op", "ops", multiple=True, help="Repeatable; see `numconv ops`.  [default: all]")
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    help=f"Repeatable.  [default: {DTYPE}; with --suite the layers' own]",
)
@click.option("--suite", "suites", multiple=True, help="The layers of a suite; repeatable.")
@click.option("--backend", default="auto", show_default=True, help="See `numconv backends`.")
@JSON
def command(
    ops: tuple[str, ...],
    dtypes: tuple[str, ...],
    suites: tuple[str, ...],
    backend: str,
    as_json: bool,
) -> int:
    """Compile what calls need, so that none of them has to wait.

    Runs each operator's named cases once in each dtype, on every algorithm of the backend, and
    the layers of suites. Compiled kernels are kept on disk (`numconv info` says where), for this
    processor and this version, readable for this user alone. An image that others run takes them
    along if they may read them, and if they belong to root:

    \b
      NUMCONV_CACHE_DIR=/opt/numconv numconv warmup && chmod -R a+rX /opt/numconv

    \b
      numconv warmup
      numconv warmup --op direct --op involution --dtype float32 --dtype float64
      numconv warmup --suite resnet50

    Exit status: 0 fine, 2 it cannot be warmed up here, 130 interrupted.
    """
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise ArgumentError("dtype", dtype, "one of " + ", ".join(DTYPES))
    operators = [plugins.operator(name) for name in ops]
    if not ops and not suites:
        operators = list(plugins.operators().values())
    parts = [_of_operator(each, dtype) for each in operators for dtype in dtypes or (DTYPE,)]
    parts += [_of_suite(name, dtype) for name in suites for dtype in dtypes or (None,)]
    begin = perf_counter()
    done = _warm_up(parts, backend)
    seconds = perf_counter() - begin
    interrupted = len(done) < len(parts)
    kept_in = store.kept_in()
    if as_json:
        printing.as_json(
            {
                "parts": [part.to_dict() for part in done],
                "seconds": seconds,
                "interrupted": interrupted,
                "kept_in": None if kept_in is None else str(kept_in),
            }
        )
    else:
        _print(done, seconds)
        if kept_in is None:
            click.echo(f"what was compiled is lost: {store.state()}", err=True)
        else:
            click.echo(f"kept in {kept_in}")
        if interrupted:
            missing = f"{len(parts) - len(done)} of {len(parts)}"
            click.echo(f"interrupted: {missing} are missing; what was compiled is kept", err=True)
    return INTERRUPTED if interrupted else OK


def _of_operator(operator: Operator, dtype: str) -> Part:
    found: dict[Any, None] = {}
    for case in operator.cases():
        found.update(dict.fromkeys(_problems(operator, case, dtype)))
    return Part(operator.name, dtype, tuple(found), whole=True)


def _problems(operator: Operator, case: Case, dtype: str) -> Iterator[Any]:
    """Yield the problems of a case in another dtype; none where the operator refuses it."""
    operands = [replace(operand, dtype=dtype) for operand in case.operands]
    try:
        traced, _ = calls.traced(operator, operands, case.parameters)
    except ArgumentError:
        return
    for each in traced:
        yield each.problem


def _of_suite(name: str, dtype: str | None) -> Part:
    found = tuple(each.problem for each in problems.of_suites((name,), dtype))
    return Part(name, ", ".join(dict.fromkeys(each.dtype for each in found)), found, whole=False)


def _warm_up(parts: Sequence[Part], backend: str) -> list[Part]:
    """Run one part after the other; what is missing in the end was interrupted."""
    done: list[Part] = []
    with progress.steps(sum(len(part.problems) for part in parts)) as begin:
        try:
            for part in parts:
                started = perf_counter()
                for problem in part.problems:
                    begin(f"{part.name} {problem.dtype}")
                    _run(part, problem, backend)
                part.seconds = perf_counter() - started
                done.append(part)
        except KeyboardInterrupt:
            pass
    return done


def _run(part: Part, problem: Any, backend: str) -> None:
    from ..testing.operands import random_operands

    try:
        chosen = choose(problem, backend)
    except RefusedError as error:
        part.refusals[str(error)] = None
        return
    part.backends[chosen.backend.name] = None
    operands = random_operands(problem)
    out = np.empty(problem.result_shape, problem.result_dtype)
    accepted = [
        each
        for each in chosen.backend.algorithms(problem)
        if each.refusal(problem) is None and (part.whole or _is_needed(each, chosen.algorithm))
    ]
    for algorithm in accepted:
        plan = algorithm.plan(problem)
        if out.size:
            if len(problem.operand_shapes) > 1:
                plan(operands[0], plan.prepare(operands[1]), *operands[2:], out=out)
            plan(*operands, out=out)
        part.algorithms[algorithm.name] = None
        part.runs += 1


def _is_needed(algorithm: Algorithm, chosen: Algorithm) -> bool:
    return algorithm.name == chosen.name or not getattr(algorithm, "last_resort", False)


def _print(done: Sequence[Part], seconds: float) -> None:
    rows = [
        (
            *(part.name, part.dtype, str(len(part.problems)), ", ".join(part.backends) or "-"),
            *(", ".join(part.algorithms) or "-", printing.seconds(part.seconds)),
        )
        for part in done
    ]
    printing.table(
        ("operator or suite", "dtype", "problems", "backend", "algorithms", "time"), rows
    )
    for part in done:
        for refusal in part.refusals:
            click.echo(f"{part.name} {part.dtype}: {refusal}")
        if not part.problems:
            click.echo(
                f"{part.name} {part.dtype}: nothing to compile: it has no problem of that dtype"
            )
    click.echo(f"\n{sum(part.runs for part in done)} runs in {printing.seconds(seconds)}")
