"""Choice by measurement: the fastest is taken, remembered, and forgotten with its circumstances."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import dispatch, plugins, store, tuning
from numconv.core.errors import PerformanceWarning
from numconv.core.protocol import Operand, Status

X, WEIGHT = np.ones((1, 1, 9), "float32"), np.ones((1, 1, 3), "float32")


class Plan:
    workspace_bytes = 0

    def __init__(self, seconds: float, calls: list[str], name: str) -> None:
        self._seconds, self._calls, self._name = seconds, calls, name

    def __call__(self, *arrays: Any, out: Any) -> None:
        self._calls.append(self._name)
        time.sleep(self._seconds)
        out[...] = 3

    def describe(self) -> str:
        return "sleeps"


class Sleeper:
    """An algorithm that is as slow as it says, and whose estimate is wrong."""

    def __init__(self, name: str, seconds: float, estimate: float, calls: list[str]) -> None:
        self.name = name
        self._seconds, self._estimate, self._calls = seconds, estimate, calls

    def refusal(self, problem: Any) -> str | None:
        return None

    def cost(self, problem: Any) -> float:
        return self._estimate

    def plan(self, problem: Any) -> Plan:
        return Plan(self._seconds, self._calls, self.name)


class Sleepers:
    name, device, priority = "sleepers", "cpu", 1

    def __init__(self, calls: list[str]) -> None:
        self._all = (Sleeper("slow", 0.01, 1.0, calls), Sleeper("fast", 0.0, 2.0, calls))

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> tuple[Sleeper, ...]:
        return self._all


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let a backend of two algorithms be known; give the calls that they get."""
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(store, "_warned", set())
    made: list[str] = []
    monkeypatch.setitem(plugins.registry().backends, "sleepers", Sleepers(made))
    dispatch.forget()
    yield made
    dispatch.forget()


def convolve(**parameters: Any) -> Any:
    return numconv.conv1d(X, WEIGHT, backend="sleepers", **parameters)


def test_the_estimate_decides_without_tuning(calls: list[str]) -> None:
    convolve()
    assert calls == ["slow"]


def test_tuning_measures_and_takes_the_fastest(calls: list[str]) -> None:
    convolve(tune=True)
    assert {"slow", "fast"} == set(calls)
    assert calls[-1] == "fast"


def test_the_winner_is_remembered_on_disk(calls: list[str], tmp_path: Path) -> None:
    convolve(tune=True)
    (entry,) = (tmp_path / "tuned").iterdir()
    assert json.loads(entry.read_text())["algorithm"] == "sleepers/fast"
    dispatch.forget()
    calls.clear()
    convolve(tune=True)
    assert calls == ["fast"]


def test_another_number_of_threads_is_measured_anew(calls: list[str]) -> None:
    numconv.set_num_threads(1)
    convolve(tune=True)
    calls.clear()
    numconv.set_num_threads(2)
    convolve(tune=True)
    assert "slow" in calls


def test_a_damaged_memory_is_measured_anew(calls: list[str], tmp_path: Path) -> None:
    convolve(tune=True)
    (entry,) = (tmp_path / "tuned").iterdir()
    entry.write_text('{"algorithm":')
    dispatch.forget()
    calls.clear()
    convolve(tune=True)
    assert "slow" in calls


# `fast` and `slow` stand for the candidates of these names.
GARBAGE = {
    "nested_too_deep": "[" * 200_000,
    "huge_integer": '{"algorithm": "fast", "seconds": {"slow": 1, "fast": 1' + "0" * 400 + "}}",
    "integer_too_long_to_read": "1" * 5000,
    "no_object": "[]",
    "null": "null",
    "number": "7",
    "no_times": '{"algorithm": "fast"}',
    "times_in_a_list": '{"algorithm": "fast", "seconds": ["fast", "slow"]}',
    "time_of_letters": '{"algorithm": "fast", "seconds": {"fast": "soon", "slow": 1}}',
    "time_is_nan": '{"algorithm": "fast", "seconds": {"fast": NaN, "slow": 1}}',
    "time_is_infinite": '{"algorithm": "fast", "seconds": {"fast": 1, "slow": -Infinity}}',
    "time_is_negative": '{"algorithm": "fast", "seconds": {"fast": -1, "slow": 1}}',
    "algorithm_of_another_type": '{"algorithm": ["fast"], "seconds": {"fast": 1, "slow": 2}}',
    "unknown_algorithm": '{"algorithm": "magic", "seconds": {"magic": 1, "fast": 1, "slow": 2}}',
    "lone_surrogate": '{"algorithm": "\\ud800", "seconds": {}}',
    "no_text": b"\xff\xfe\x00",
    "too_long": '{"algorithm": "fast", "seconds": {"fast": 1, "slow": 2}}' + " " * 2**20,
    "empty": "",
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_measured_anew_and_replaced(
    calls: list[str], tmp_path: Path, content: str | bytes
) -> None:
    convolve(tune=True)
    (entry,) = (tmp_path / "tuned").iterdir()
    if isinstance(content, str):
        content = re.sub('"(fast|slow|magic)"', r'"sleepers/\1"', content).encode()
    entry.write_bytes(content)
    dispatch.forget()
    calls.clear()
    convolve(tune=True)
    assert "slow" in calls
    assert calls[-1] == "fast"
    assert json.loads(entry.read_text())["algorithm"] == "sleepers/fast"


def test_what_is_no_file_is_measured_anew(calls: list[str], tmp_path: Path) -> None:
    convolve(tune=True)
    (entry,) = (tmp_path / "tuned").iterdir()
    entry.unlink()
    entry.mkdir()
    dispatch.forget()
    calls.clear()
    with pytest.warns(PerformanceWarning, match="is not a regular file"):
        convolve(tune=True)
    assert calls[-1] == "fast"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes say nothing here")
def test_what_others_can_write_is_measured_anew(calls: list[str], tmp_path: Path) -> None:
    convolve(tune=True)
    (entry,) = (tmp_path / "tuned").iterdir()
    assert entry.stat().st_mode & 0o777 == 0o600
    entry.write_text(entry.read_text().replace('m": "sleepers/fast"', 'm": "sleepers/slow"'))
    entry.chmod(0o666)
    dispatch.forget()
    calls.clear()
    with pytest.warns(PerformanceWarning, match="can be written by other users"):
        convolve(tune=True)
    assert calls[-1] == "fast"


def test_an_interruption_leaves_nothing_unfinished(
    calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*paths: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convolve(tune=True)
    assert not any((tmp_path / "tuned").iterdir())


def test_the_budget_ends_the_measuring(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "BUDGET_SECONDS", 0.0)
    convolve(tune=True)
    assert set(calls) == {"slow"}


def problem() -> Any:
    operands = (Operand(X.shape, "float32"), Operand(WEIGHT.shape, "float32"))
    with dispatch.tracing() as traced:
        numconv.conv1d(*operands)
    return traced[0].problem


def test_a_report_tells_the_times_and_what_the_estimate_says(calls: list[str]) -> None:
    first, again = (tuning.tune(problem(), "sleepers") for _ in range(2))
    assert (first.choice.name, first.estimated) == ("sleepers/fast", "sleepers/slow")
    assert first.seconds["sleepers/fast"] < first.seconds["sleepers/slow"]
    assert (first.remembered, again.remembered) == (False, True)
    assert again.seconds == first.seconds
    assert again.choice.algorithm.name == "fast"


def test_what_a_budget_left_out_is_measured_when_all_are_asked_for(calls: list[str]) -> None:
    assert tuning.tuned(problem(), "sleepers", budget=0.0).algorithm.name == "slow"
    cut_short = tuning.tune(problem(), "sleepers", 0.0, complete=False)
    assert cut_short.remembered
    assert cut_short.unmeasured == ("sleepers/fast",)
    whole = tuning.tune(problem(), "sleepers")
    assert not whole.remembered
    assert whole.choice.algorithm.name == "fast"


def test_a_single_time_under_a_budget_is_not_remembered_as_the_fastest(calls: list[str]) -> None:
    assert tuning.tune(problem(), "sleepers", 0.0).unmeasured == ("sleepers/fast",)
    assert not tuning.folder().exists()
    assert tuning.tuned(problem(), "sleepers").algorithm.name == "fast"


def test_a_name_is_not_tuned_away(calls: list[str]) -> None:
    convolve(tune=True, algorithm="slow")
    assert calls == ["slow"]


def test_a_cache_that_cannot_be_written_costs_only_the_memory(
    calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(PerformanceWarning, match="NUMCONV_CACHE_DIR"):
        convolve(tune=True)
    assert calls[-1] == "fast"


def test_another_version_of_the_backend_is_measured_anew(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    origins = plugins.registry().origins
    for version, again in (("1.0", True), ("1.0", False), ("1.1", True), ("1.0", False)):
        monkeypatch.setitem(origins, "sleepers", ("numconv-sleepers", version))
        dispatch.forget()
        calls.clear()
        convolve(tune=True)
        assert ("slow" in calls) == again


def test_a_backend_of_no_distribution_is_known_by_its_file(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backend = plugins.backend("sleepers")
    file = tmp_path / "sleepers.py"
    monkeypatch.setattr(sys.modules[__name__], "__file__", str(file))
    assert plugins.origin(backend) == (__name__, "")
    file.write_text("seconds = 1")
    first = plugins.origin(backend)
    convolve(tune=True)
    file.write_text("seconds = 2")
    assert first[0] == plugins.origin(backend)[0] == __name__
    assert first[1] != plugins.origin(backend)[1]
    dispatch.forget()
    calls.clear()
    convolve(tune=True)
    assert "slow" in calls


@pytest.fixture
def rivals(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Four backends of two algorithms each; give the calls that each gets."""
    made: dict[str, list[str]] = {}
    known = {}
    for name, priority, state, seconds in (
        ("first", 9, "ready", 0.01),
        ("second", 5, "ready", 0.002),
        ("away", 7, "unavailable", 0.0),
        ("peer", -1, "ready", 0.0),
    ):
        known[name] = Sleepers(made.setdefault(name, []))
        known[name].name, known[name].priority = name, priority
        monkeypatch.setattr(known[name], "status", lambda s=state: Status(s, "it is away"))
        known[name]._all[1]._seconds = seconds
    monkeypatch.setattr(plugins, "backends", lambda: known)
    dispatch.forget()
    return made


def test_auto_compares_all_that_are_ready_but_no_peer(rivals: dict[str, list[str]]) -> None:
    first, again = (tuning.tune(problem()) for _ in range(2))
    assert set(first.seconds) == {"first/slow", "first/fast", "second/slow", "second/fast"}
    assert (first.choice.name, first.estimated) == ("second/fast", "first/slow")
    assert (rivals["away"], rivals["peer"]) == ([], [])
    assert again.remembered
    assert again.choice.name == "second/fast"
    assert again.choice.backend is plugins.backend("second")


def test_a_call_that_tunes_takes_the_fastest_backend(rivals: dict[str, list[str]]) -> None:
    numconv.conv1d(X, WEIGHT)
    assert (rivals["first"], rivals["second"]) == (["slow"], [])
    numconv.conv1d(X, WEIGHT, tune=True)
    rivals["first"].clear()
    rivals["second"].clear()
    dispatch.forget()
    numconv.conv1d(X, WEIGHT, tune=True)
    assert (rivals["first"], rivals["second"]) == ([], ["fast"])


def test_a_named_backend_competes_with_itself_alone(rivals: dict[str, list[str]]) -> None:
    assert set(tuning.tune(problem(), "first").seconds) == {"first/slow", "first/fast"}
    assert tuning.tune(problem(), "peer").choice.name == "peer/fast"
    assert rivals["second"] == []


def test_without_a_budget_tuning_takes_what_would_be_chosen(rivals: dict[str, list[str]]) -> None:
    cut_short = tuning.tune(problem(), budget=0.0)
    assert cut_short.choice.name == cut_short.estimated == "first/slow"
    assert cut_short.unmeasured == ("first/fast", "second/slow", "second/fast")


def test_another_version_of_a_rival_is_measured_anew(
    rivals: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for version, again in (("1.0", True), ("1.0", False), ("1.1", True)):
        monkeypatch.setitem(plugins.registry().origins, "second", ("rival", version))
        assert tuning.tune(problem()).remembered != again
