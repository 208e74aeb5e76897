"""`numconv tune`: what is measured is remembered, said, and found by calls with tune=True."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv as library
from numconv.cli import tune
from numconv.core import dispatch, plugins, tuning
from numconv.core.protocol import Status

Run = Callable[..., Any]

SUITE = """
[[layers]]
name = "first"
function = "conv1d"
operands = [[1, 1, 9], [1, 1, 3]]

[[layers]]
name = "second"
function = "conv1d"
operands = [[1, 1, 12], [1, 1, 3]]

[[layers]]
name = "the first again"
function = "conv1d"
operands = [[1, 1, 9], [1, 1, 3]]

[[layers]]
name = "refused"
function = "conv1d"
operands = [[1, 1, 14], [1, 1, 5]]
"""


class Sleeper:
    """An algorithm that is as slow as it says, whatever it is estimated to be."""

    workspace_bytes = 0

    def __init__(self, name: str, seconds: float, estimate: float) -> None:
        self.name, self._seconds, self._estimate = name, seconds, estimate
        self.calls = 0

    def refusal(self, problem: Any) -> str | None:
        return None if problem.kernel_shape == (3,) else "takes kernels of 3"

    def cost(self, problem: Any) -> float:
        return self._estimate

    def plan(self, problem: Any) -> Sleeper:
        return self

    def __call__(self, *arrays: Any, out: Any) -> None:
        self.calls += 1
        time.sleep(self._seconds)
        out[...] = 3

    def describe(self) -> str:
        return "sleeps"


class Sleepers:
    name, device, priority = "sleepers", "cpu", 1

    def __init__(self) -> None:
        self.slow, self.fast = Sleeper("slow", 0.01, 1.0), Sleeper("fast", 0.0, 2.0)

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> tuple[Sleeper, ...]:
        return (self.slow, self.fast)


@pytest.fixture
def sleepers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sleepers]:
    """A backend of two algorithms, and nothing remembered; the suite's file is `mine.toml`."""
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "mine.toml").write_text(SUITE)
    made = Sleepers()
    monkeypatch.setitem(plugins.registry().backends, "sleepers", made)
    dispatch.forget()
    yield made
    dispatch.forget()


def by_layer(facts: Any) -> dict[str, Any]:
    return {each["layer"]: each for each in facts["layers"]}


def test_each_problem_is_measured_once(numconv: Run, sleepers: Sleepers) -> None:
    ended = numconv("tune", "--suite", "mine.toml", "--backend", "sleepers", "--json")
    assert ended.status == 0
    layers = by_layer(ended.json)
    assert list(layers) == ["first", "second", "refused"]
    for name in ("first", "second"):
        assert layers[name]["state"] == "measured"
        assert layers[name]["algorithm"] == "fast"
        assert layers[name]["estimated"] == "sleepers/slow"
        assert layers[name]["gain"] > 2
        assert set(layers[name]["seconds"]) == {"sleepers/slow", "sleepers/fast"}
    assert layers["refused"]["state"] == "refused"
    assert "takes kernels of 3" in layers["refused"]["reason"]
    assert not ended.json["interrupted"]
    assert (ended.json["well_estimated"], ended.json["compared"]) == (0, 2)


def test_how_often_the_estimate_was_good_is_said(numconv: Run, sleepers: Sleepers) -> None:
    sleepers.fast._estimate = 0.5
    ended = numconv("tune", "--suite", "mine.toml", "--backend", "sleepers")
    assert "the estimate is within 10% of the fastest 2 of 2 times" in ended.out


def test_a_call_with_tune_finds_what_was_measured(numconv: Run, sleepers: Sleepers) -> None:
    numconv("tune", "--suite", "mine.toml", "--backend", "sleepers")
    sleepers.slow.calls = sleepers.fast.calls = 0
    arrays = np.ones((1, 1, 9), "float32"), np.ones((1, 1, 3), "float32")
    library.conv1d(*arrays, backend="sleepers", tune=True)
    assert (sleepers.slow.calls, sleepers.fast.calls) == (0, 1)


def test_what_is_remembered_is_skipped_and_said(numconv: Run, sleepers: Sleepers) -> None:
    arguments = ("tune", "--suite", "mine.toml", "--backend", "sleepers")
    numconv(*arguments)
    sleepers.slow.calls = 0
    ended = numconv(*arguments)
    assert sleepers.slow.calls == 0
    assert "2 remembered, 1 refused" in ended.out
    (first,) = [line for line in ended.out.splitlines() if line.startswith("first ")]
    assert first.split()[1] == "sleepers/fast"
    assert "slow" in first


def test_the_budget_ends_between_layers_and_the_next_call_goes_on(
    numconv: Run, sleepers: Sleepers
) -> None:
    arguments = ("tune", "--suite", "mine.toml", "--backend", "sleepers")
    ended = numconv(*arguments, "--budget", "0.001", "--json")
    layers = by_layer(ended.json)
    assert ended.status == 0
    assert layers["first"]["unmeasured"] == ["sleepers/fast"]
    assert layers["second"]["state"] == "not reached"
    plain = numconv(*arguments, "--budget", "0.001").out
    assert "without sleepers/fast" in plain
    assert "larger --budget" in plain
    again = by_layer(numconv(*arguments, "--json").json)
    assert {again[name]["state"] for name in ("first", "second")} == {"measured"}
    assert again["first"]["algorithm"] == "fast"


def test_an_interruption_keeps_what_was_measured(
    numconv: Run, sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("tune", "--suite", "mine.toml", "--backend", "sleepers")
    whole = tune.tune

    def interrupted(problem: Any, *rest: Any) -> Any:
        if problem.input_shape == (12,):
            raise KeyboardInterrupt
        return whole(problem, *rest)

    monkeypatch.setattr(tune, "tune", interrupted)
    ended = numconv(*arguments)
    assert ended.status == 130
    assert "1 measured" in ended.out
    assert "2 of 3 are missing" in ended.err
    assert len(list(tuning.folder().iterdir())) == 1


def test_one_call_is_tuned_by_its_shape(numconv: Run, sleepers: Sleepers) -> None:
    arguments = ("--op", "direct", "--shape", "1x1x31", "--weight-shape", "1x1x3", "--stride", "2")
    facts = numconv("tune", *arguments, "--backend", "sleepers", "--json").json
    (layer,) = facts["layers"]
    assert layer["layer"] == "direct 1x1x31"
    assert "stride=(2,)" in layer["problem"]
    assert layer["algorithm"] == "fast"


def test_without_a_name_backends_compete(
    numconv: Run, sleepers: Sleepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    loser = Sleepers()
    loser.name, loser.priority = "loser", 2
    loser.fast._seconds = 0.005
    both = {"loser": loser, "sleepers": sleepers}
    monkeypatch.setattr(plugins, "backends", lambda: both)
    (layer, *_) = numconv("tune", "--suite", "mine.toml", "--json").json["layers"]
    assert (layer["backend"], layer["algorithm"]) == ("sleepers", "fast")
    assert layer["estimated"] == "loser/slow"
    assert len(layer["seconds"]) == 4
    said = numconv("tune", "--suite", "mine.toml").out
    assert "sleepers/fast" in said
    assert "loser/slow" in said


def test_a_single_algorithm_is_no_choice(numconv: Run, sleepers: Sleepers) -> None:
    facts = numconv("tune", "--suite", "mine.toml", "--backend", "reference", "--json").json
    assert {each["state"] for each in facts["layers"]} == {"nothing to choose"}
    assert not Path(facts["kept_in"]).exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "either --suite or --shape"),
        (("--suite", "tiny", "--shape", "1x1x9"), "either --suite or --shape"),
        (("--suite", "resnet51"), "one of alexnet"),
        (("--suite", "tiny", "--budget", "0"), "--budget"),
        (("--suite", "tiny", "--backend", "nobody"), "backend='nobody'"),
    ],
)
def test_what_cannot_be_tuned_is_said_in_a_line(
    numconv: Run, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in numconv("tune", *arguments).complaint
