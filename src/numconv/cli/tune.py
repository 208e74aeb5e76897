"""`numconv tune`: measures algorithms ahead, so that `tune=True` finds its answers on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import click

from ..core import plugins
from ..core.errors import RefusedError
from ..core.tuning import Tuning, folder, tune
from . import completion, printing, problems, progress
from .axes import AXES, Axes
from .main import INTERRUPTED, OK
from .operands import complete, described
from .options import BACKEND, DTYPE, GEOMETRY, JSON, OPERANDS, SETTINGS, given
from .problems import Named

MEASURED, REMEMBERED, SINGLE = "measured", "remembered", "nothing to choose"
REFUSED, NOT_REACHED = "refused", "not reached"
# An estimate is good if its choice takes at most so much of the fastest one's time.
NEAR = 1.10


@dataclass(frozen=True)
class Tuned:
    """What became of a problem: its tuning, or the reason why there is none."""

    named: Named
    state: str
    tuning: Tuning | None = None
    reason: str = ""

    @property
    def gain(self) -> float | None:
        """The time of what would be chosen without tuning, by that of the fastest."""
        seconds = {} if self.tuning is None else self.tuning.seconds
        if self.tuning is None or self.tuning.estimated not in seconds:
            return None
        return seconds[self.tuning.estimated] / seconds[self.tuning.choice.name]

    def to_dict(self) -> dict[str, Any]:
        """Return this as plain data."""
        tuning = self.tuning
        facts = {"layer": self.named.name, "problem": str(self.named.problem), "state": self.state}
        if tuning is None:
            return {**facts, "reason": self.reason}
        return {
            **facts,
            "backend": tuning.choice.backend.name,
            "algorithm": tuning.choice.algorithm.name,
            "estimated": tuning.estimated,
            "gain": self.gain,
            "seconds": dict(tuning.seconds),
            "unmeasured": list(tuning.unmeasured),
        }


@click.command("tune")
@click.option(
    "--suite",
    "suites",
    shell_complete=completion.suites,
    multiple=True,
    help="Every layer of a suite, or of a .toml file of yours.",
)
@click.option(
    "--op",
    shell_complete=completion.operators,
    default="direct",
    show_default=True,
    help="With --shape; see `numconv ops`.",
)
@BACKEND
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="For everything together.",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all processors]")
@AXES
@OPERANDS
@GEOMETRY
@SETTINGS
@JSON
def command(
    suites: tuple[str, ...],
    op: str,
    backend: str,
    budget: float,
    threads: int | None,
    as_json: bool,
    axes: Axes | None,
    shape: tuple[int, ...] | None,
    weight_shapes: tuple[tuple[int, ...], ...],
    kernel: Any,
    out_channels: int | None,
    dtype: str | None,
    settings: dict[str, Any],
    **parameters: Any,
) -> int:
    """Measure the algorithms for a suite's layers, or for one call, and remember the fastest.

    A call with tune=True then finds its answer on disk. It holds for this processor or GPU, this
    number of threads and these versions. Without --backend all that are ready compete, but for
    those that are there for comparison. What is remembered already is not measured again; Ctrl-C
    keeps what was measured.

    \b
      numconv tune --suite resnet50 --budget 30
      numconv tune --op transposed --shape 1x256x14x14 --kernel 4 --out-channels 128

    Exit status: 0 fine, also where the budget did not suffice, 2 it cannot be tuned here,
    130 interrupted.
    """
    if bool(suites) == (shape is not None):
        raise click.UsageError("say what to tune: either --suite or --shape")
    if axes is not None and shape is None:
        raise click.UsageError("--axes are those of a --shape")
    if threads is not None:
        from ..core.threads import set_num_threads

        set_num_threads(threads)
    if suites:
        wanted = problems.of_suites(suites, dtype)
    else:
        x, spatial = described(shape or (), dtype or DTYPE, axes)
        chosen = {**given(**parameters), **settings}
        operator = plugins.operator(op)
        call = complete(operator, x, weight_shapes, kernel, out_channels, chosen, spatial)
        wanted = problems.of_call(*call)
    begin = perf_counter()
    done = _tune_all(wanted, backend, budget)
    seconds = perf_counter() - begin
    interrupted = len(done) < len(wanted)
    if as_json:
        printing.as_json(
            {
                "layers": [each.to_dict() for each in done],
                "well_estimated": sum(gain <= NEAR for gain in _gains(done)),
                "compared": len(_gains(done)),
                "seconds": seconds,
                "budget_seconds": budget,
                "interrupted": interrupted,
                "kept_in": _kept_in(),
            }
        )
    else:
        _print(done, len(wanted), seconds, budget)
    return INTERRUPTED if interrupted else OK


def _tune_all(wanted: Sequence[Named], backend: str, budget: float) -> list[Tuned]:
    """Tune one problem after the other; what is missing in the end was interrupted."""
    deadline = perf_counter() + budget
    done: list[Tuned] = []
    with progress.steps(len(wanted)) as begin:
        try:
            for named in wanted:
                begin(named.name)
                done.append(_tuned(named, backend, deadline - perf_counter()))
        except KeyboardInterrupt:
            pass
    return done


def _tuned(named: Named, backend: str, budget: float) -> Tuned:
    if budget <= 0:
        return Tuned(named, NOT_REACHED, reason="the budget was used up")
    try:
        tuning = tune(named.problem, backend, budget)
    except RefusedError as error:
        return Tuned(named, REFUSED, reason=str(error))
    if not tuning.seconds:
        return Tuned(named, SINGLE, tuning)
    return Tuned(named, REMEMBERED if tuning.remembered else MEASURED, tuning)


def _print(done: Sequence[Tuned], wanted: int, seconds: float, budget: float) -> None:
    header = ("layer", "chosen", "time", "estimate says", "gain", "how")
    printing.table(header, map(_cells, done))
    count = {state: sum(each.state == state for each in done) for state in _STATES}
    printing.say()
    printing.say(
        ", ".join(f"{number} {state}" for state, number in count.items() if number)
        + f", in {printing.seconds(seconds)} of {printing.seconds(budget)}"
    )
    if gains := _gains(done):
        well = sum(gain <= NEAR for gain in gains)
        printing.say(
            f"the estimate is within {NEAR - 1:.0%} of the fastest {well} of {len(gains)} times"
        )
    if count[MEASURED] or count[REMEMBERED]:
        kept_in = _kept_in()
        if kept_in is None:
            printing.say("not kept, for no folder can be written: numconv info says why", err=True)
        else:
            printing.say(f"kept in {kept_in}; calls with tune=True use it")
    if count[NOT_REACHED] or any(each.tuning and each.tuning.unmeasured for each in done):
        printing.say("the budget did not suffice: call again to go on, or give a larger --budget")
    if len(done) < wanted:
        printing.say(f"interrupted: {wanted - len(done)} of {wanted} are missing", err=True)


def _kept_in() -> str | None:
    place = folder()
    return None if place is None else str(place)


def _gains(done: Sequence[Tuned]) -> list[float]:
    return [each.gain for each in done if each.gain is not None]


_STATES = (MEASURED, REMEMBERED, SINGLE, REFUSED, NOT_REACHED)


def _cells(each: Tuned) -> tuple[str, ...]:
    tuning = each.tuning
    if tuning is None:
        return each.named.name, "-", "-", "-", "-", f"{each.state}: {each.reason}"
    best = tuning.choice.name
    time = printing.seconds(tuning.seconds[best]) if best in tuning.seconds else "-"
    gain = "-" if each.gain is None else f"{each.gain:.2f}"
    how = each.state
    if each.state == MEASURED:
        how += f" {len(tuning.seconds)}"
    if tuning.unmeasured:
        how += f", without {', '.join(tuning.unmeasured)}"
    return each.named.name, best, time, tuning.estimated, gain, how
