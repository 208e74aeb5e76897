"""`numconv warmup`: compiles ahead what calls would compile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import click
import numpy as np

from ..core import plugins, store
from ..core.choice import choose
from ..core.dtypes import DTYPES
from ..core.errors import ArgumentError, RefusedError
from ..core.optional import Preparing, is_last_resort
from ..core.protocol import Algorithm, Case, Operator
from . import calls, completion, printing, problems, progress, typical
from .main import INTERRUPTED, OK
from .options import BACKEND, DTYPE, JSON


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
@click.option(
    "--op",
    "ops",
    shell_complete=completion.operators,
    multiple=True,
    help="Repeatable; see `numconv ops`.  [default: all]",
)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    help=f"Repeatable.  [default: {DTYPE}; with --suite the layers' own]",
)
@click.option(
    "--suite",
    "suites",
    shell_complete=completion.suites,
    multiple=True,
    help="The layers of a suite; repeatable.",
)
@BACKEND
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
    the layers of suites; without options also README's calls, those of numconv.signal, ndimage
    and filters in float32, float64 and bytes, and the demonstrations of `numconv run`.
    What is warm is the kind of call, in any size. Other options, such as an activation or a
    shuffle, other dtypes, and the few kernels that are made for a number of taps, may still
    compile for a second or so.

    Compiled kernels are kept on disk (`numconv info` says where), for this processor and this
    version, readable for this user alone. An image that others run takes them along if they may
    read them, and if they belong to root:

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
    called: dict[str, tuple[int, float]] = {}
    groups = {} if ops or suites or dtypes or backend != "auto" else typical.calls()
    if len(done) == len(parts):
        called = _call(groups)
    seconds = perf_counter() - begin
    missing = len(parts) - len(done) + len(groups) - len(called)
    interrupted = missing > 0
    kept_in = store.kept_in()
    if as_json:
        printing.as_json(
            {
                "parts": [part.to_dict() for part in done],
                "calls": [
                    {"name": name, "calls": count, "seconds": took}
                    for name, (count, took) in called.items()
                ],
                "seconds": seconds,
                "interrupted": interrupted,
                "kept_in": None if kept_in is None else str(kept_in),
            }
        )
    else:
        _print(done, called, seconds)
        if kept_in is None:
            printing.say(f"what was compiled is lost: {store.state()}", err=True)
        else:
            printing.say(f"kept in {kept_in}")
        if interrupted:
            left = f"{missing} of {len(parts) + len(groups)}"
            printing.say(f"interrupted: {left} are missing; what was compiled is kept", err=True)
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


def _call(groups: Mapping[str, Sequence[Callable[[], Any]]]) -> dict[str, tuple[int, float]]:
    """Make all calls; return how many of each group there were, and what they took."""
    called: dict[str, tuple[int, float]] = {}
    with progress.steps(sum(map(len, groups.values()))) as begin:
        try:
            for name, group in groups.items():
                started = perf_counter()
                for call in group:
                    begin(name)
                    call()
                called[name] = len(group), perf_counter() - started
        except KeyboardInterrupt:
            pass
    return called


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
            if len(problem.operand_shapes) > 1 and isinstance(plan, Preparing):
                plan(operands[0], plan.prepare(operands[1]), *operands[2:], out=out)
            plan(*operands, out=out)
        part.algorithms[algorithm.name] = None
        part.runs += 1


def _is_needed(algorithm: Algorithm, chosen: Algorithm) -> bool:
    return algorithm.name == chosen.name or not is_last_resort(algorithm)


def _print(done: Sequence[Part], called: Mapping[str, tuple[int, float]], seconds: float) -> None:
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
            printing.say(f"{part.name} {part.dtype}: {refusal}")
        if not part.problems:
            printing.say(
                f"{part.name} {part.dtype}: nothing to compile: it has no problem of that dtype"
            )
    if called:
        printing.say()
        counted = ((name, str(n), printing.seconds(took)) for name, (n, took) in called.items())
        printing.table(("calls of", "number", "time"), counted)
    printing.say()
    printing.say(f"{sum(part.runs for part in done)} runs in {printing.seconds(seconds)}")
