"""The measurement: every layer, in every column, every contestant in its process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..core import plugins
from ..core.errors import ArgumentError, BackendError, NumconvError
from ..core.geometry import integer
from ..core.optional import Roofed
from ..core.threads import get_num_threads
from . import agreement, calls, machine, turns
from . import suites as catalogue
from .contestants import Contestant
from .process import COLUMNS, KERNEL, DiedError, Worker
from .report import LayerReport, Measurement, Report
from .suites import Layer, Suite
from .turns import Effort

Progress = Callable[[int, int, str], None]

# A single look at a busy machine is no roof.
FIRST_SURVEYS = 5


def measure(
    suites: Iterable[Suite | str],
    backend: str = "cpu",
    vs: Sequence[str] = (),
    *,
    effort: Effort = turns.FULL,
    threads: int | None = None,
    dtype: str | None = None,
    batch: int | None = None,
    layers: Sequence[str] = (),
    columns: Sequence[str] = tuple(COLUMNS),
    progress: Progress | None = None,
) -> Report:
    """Measure contestants side by side, each in a process of its own.

    An interruption (Ctrl-C) ends the measurement, not the caller: the report then holds what
    was measured until then, and says that it was interrupted.

    Parameters
    ----------
    suites : iterable of Suite or str
        Suites, their names, or files that hold one.
    backend : str
        The contestant that the others are compared with: ``BACKEND[/ALGORITHM][+plan]``.
    vs : sequence of str
        The others, its peers, written in the same way.
    effort : Effort
        How long is measured; `turns.FULL` or `turns.QUICK`, for example.
    threads : int, optional
        For every contestant. By default as many as numconv uses here.
    dtype, batch : optional
        In place of what the suites say.
    layers : sequence of str
        Only layers whose name contains one of these.
    columns : sequence of str
        ``"user"``, as a user meets it, and ``"kernel"``, with page faults out of the way.
    progress : callable, optional
        Called with the number of layers done, of all, and the name of the next.

    Returns
    -------
    Report

    Raises
    ------
    ArgumentError, SuiteError
        If there is no such suite, layer or contestant.
    BackendError
        If a contestant cannot be measured here.
    """
    names = [str(Contestant.parse(backend)), *(str(Contestant.parse(each, "vs")) for each in vs)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ArgumentError("vs", twice, "each contestant once")
    loaded = [each if isinstance(each, Suite) else catalogue.load(each) for each in suites]
    chosen = [
        (suite.name, changed) for suite in loaded for changed in _chosen(suite, layers, dtype)
    ]
    if not chosen:
        known = ", ".join(layer.name for suite in loaded for layer in suite.layers)
        raise ArgumentError("layer", ", ".join(layers), f"a part of one of: {known}")
    report = Report(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine.facts(),
        threads=get_num_threads() if threads is None else integer("threads", threads, 1),
        contestants=names,
        columns=list(columns),
        suites={suite.name: suite.title for suite in loaded},
        rounds=effort.rounds,
    )
    with _Contest(report, effort) as contest:
        for done, (suite, layer) in enumerate(chosen):
            if progress is not None:
                progress(done, len(chosen), layer.name)
            contest.measure(suite, layer, batch)
        if progress is not None:
            progress(len(chosen), len(chosen), "")
    return report


def _chosen(suite: Suite, parts: Sequence[str], dtype: str | None) -> list[Layer]:
    found = [
        layer
        for layer in suite.layers
        if not parts or any(part.lower() in layer.name.lower() for part in parts)
    ]
    return found if dtype is None else [replace(layer, dtype=dtype) for layer in found]


class _Contest:
    """The workers of all contestants in all columns, and one that measures the machine's rate.

    That one is apart because what it allocates changes how the allocator treats what comes after.
    """

    def __init__(self, report: Report, effort: Effort) -> None:
        self._report, self._effort = report, effort
        self._workers = {
            (column, name): Worker(name, column, report.threads)
            for column in report.columns
            for name in report.contestants
        }
        self._surveyor: Worker | None = None
        self._last_rate: tuple[str, float | None] = ("", None)
        self._folder = tempfile.TemporaryDirectory(prefix="numconv-bench-")

    def __enter__(self) -> _Contest:
        try:
            for worker in self._workers.values():
                worker.launch()
            for worker in self._workers.values():
                worker.open()
                self._report.versions.update(worker.versions)
            name = _measures_its_roof(self._report.subject)
            if name is not None:
                self._surveyor = Worker(name, KERNEL, self._report.threads)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self._close()
        if kind is not KeyboardInterrupt:
            return False
        self._report.interrupted = True
        last = self._report.layers[-1] if self._report.layers else None
        if last is not None and not _measured(last):
            self._report.layers.pop()
        return True

    def _close(self) -> None:
        for worker in [*self._workers.values(), self._surveyor]:
            if worker is not None:
                worker.close()
        self._folder.cleanup()

    def measure(self, suite: str, layer: Layer, batch: int | None) -> None:
        """Measure a layer in all columns, and add it to the report."""
        found = LayerReport(suite, layer)
        self._report.layers.append(found)
        try:
            found.layer = layer if batch is None else calls.with_batch(layer, batch)
            work = calls.work_of(found.layer)
        except NumconvError as error:
            for column in self._report.columns:
                found.columns[column] = {
                    name: Measurement(name, reason=str(error)) for name in self._report.contestants
                }
            return
        found.flops, found.min_bytes = work.flops, work.min_bytes
        dtype, rate = self._last_rate
        if dtype != layer.dtype:
            rate = max((self._rate(layer.dtype) or 0.0 for _ in range(FIRST_SURVEYS)), default=0.0)
        found.rate_before = rate or None
        for column in self._report.columns:
            found.columns[column] = {name: Measurement(name) for name in self._report.contestants}
            self._measure_column(column, found.layer, found.columns[column])
        found.rate_after = self._rate(layer.dtype)
        self._last_rate = layer.dtype, found.rate_after

    def _measure_column(self, column: str, layer: Layer, found: dict[str, Measurement]) -> None:
        warm = [each for each in found.values() if self._warm_up(column, layer, each)]
        ready = self._compared(column, layer, warm)
        turn_of = {each.contestant: self._turn(column, each) for each in ready}
        for times in turns.alternate(turn_of, self._effort):
            for name, seconds in times.items():
                found[name].seconds.append(seconds)

    def _warm_up(self, column: str, layer: Layer, found: Measurement) -> bool:
        answer = self._ask(column, found, "layer", layer=asdict(layer))
        if answer is None:
            return False
        found.algorithm, found.first_seconds = answer["algorithm"], answer["first_seconds"]
        found.notes = answer["notes"]
        return True

    def _compared(self, column: str, layer: Layer, warm: list[Measurement]) -> list[Measurement]:
        """Return who gave a result, and note where it is not that of the first of them."""
        ready: list[Measurement] = []
        first: Path | None = None
        for number, each in enumerate(warm):
            path = Path(self._folder.name) / f"{number}.npy"
            if self._ask(column, each, "save", path=str(path)) is None:
                continue
            ready.append(each)
            if first is None:
                first = path
            else:
                each.reason = agreement.disagreement(path, first, layer.dtype)
                path.unlink()
        return ready

    def _turn(self, column: str, found: Measurement) -> turns.Turn:
        def turn() -> float | None:
            answer = self._ask(column, found, "turn", seconds=self._effort.turn_seconds)
            if answer is None:
                return None
            found.calls += answer["calls"]
            return float(answer["seconds"])

        return turn

    def _ask(
        self, column: str, found: Measurement, do: str, **command: Any
    ) -> dict[str, Any] | None:
        """Return the answer of a contestant's worker, or note why there is none."""
        try:
            answer = self._workers[column, found.contestant].ask(do, **command)
        except DiedError as error:
            found.reason = f"its process died: {error}"
        except BackendError as error:
            found.reason = str(error)
        else:
            if "refused" not in answer:
                return answer
            found.reason = answer["refused"]
        return None

    def _rate(self, dtype: str) -> float | None:
        """Return what the machine gives now, in FLOP/s, and keep the best of the report."""
        if self._surveyor is None:
            return None
        try:
            answer = self._surveyor.ask("roof", dtype=dtype)
        except (DiedError, BackendError):
            self._surveyor = None
            return None
        if "refused" in answer:
            return None
        best = self._report.roofs.setdefault(dtype, {"flops": 0.0, "bytes_per_second": 0.0})
        for name, value in answer.items():
            best[name] = max(best[name], value)
        return float(answer["flops"])


def _measured(layer: LayerReport) -> bool:
    return any(each.seconds for column in layer.columns.values() for each in column.values())


def _measures_its_roof(subject: str) -> str | None:
    """Return a backend here that measures its roof, the subject's own if it does."""
    own = Contestant.parse(subject).backend
    known = plugins.backends()
    ordered = sorted(known.values(), key=lambda each: each.name != own)
    for backend in ordered:
        if isinstance(backend, Roofed) and plugins.status(backend).state != "unavailable":
            return backend.name
    return None
