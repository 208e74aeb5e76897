"""`numconv warmup`: after it, nothing is left to compile."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from numconv.cli import warmup
from numconv.core import plugins
from numconv.core.protocol import Status

Run = Callable[..., Any]

CALLS = """
import numpy as np
import numconv
from numconv.core.cache import cache_folder

before = set(cache_folder().glob("kernels-*/*"))
assert before
x, weight = np.ones((2, 37, 19, 23), "float32"), np.ones((41, 37, 1, 1), "float32")
numconv.set_num_threads(2)
y = numconv.conv2d(x, weight, np.ones(41, "float32"), residual=np.ones((2, 41, 19, 23), "float32"))
assert y[0, 0, 0, 0] == 39
for algorithm in ("pointwise", "direct", "loops"):
    numconv.conv2d(x, weight[:1], activation="relu", algorithm=algorithm)
    numconv.conv2d(x[:, :2], weight[:, :2], algorithm=algorithm)
numconv.plan("conv2d", x.shape, weight)(x)
print(len(set(cache_folder().glob("kernels-*/*")) - before))
"""

SUITE = """
[[layers]]
name = "small"
function = "conv2d"
operands = [[1, 3, 9, 9], [4, 3, 1, 1]]
"""


def test_afterwards_a_fresh_process_compiles_nothing() -> None:
    # Not in this process, where a kernel may have been compiled into another folder before.
    command = [sys.executable, "-m", "numconv", "warmup", "--op", "pointwise", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    (part,) = json.loads(ended.stdout)["parts"]
    assert part["backends"] == ["cpu"]
    assert set(part["algorithms"]) == {"pointwise", "direct", "loops"}
    assert part["runs"] > part["problems"] >= 7
    assert part["refused"] == []
    done = subprocess.run(
        [sys.executable, "-c", CALLS], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.strip() == "0", done.stderr


class Plan:
    workspace_bytes = 0

    def __init__(self, ran: list[Any], name: str, problem: Any) -> None:
        self._ran, self._name, self._problem = ran, name, problem

    def __call__(self, *arrays: Any, out: Any) -> None:
        assert tuple(array.shape for array in arrays) == self._problem.operand_shapes
        alike = (self._problem.dtype,) * len(arrays)
        dtypes = getattr(self._problem, "operand_dtypes", alike)
        assert tuple(array.dtype.name for array in arrays) == dtypes
        self._ran.append((self._name, self._problem))

    def prepare(self, weight: Any) -> Any:
        return weight

    def describe(self) -> str:
        return "notes that it ran"


class Witness:
    def __init__(self, ran: list[Any], name: str, last_resort: bool) -> None:
        self._ran, self.name, self.last_resort = ran, name, last_resort

    def refusal(self, problem: Any) -> str | None:
        return "takes no volumes" if problem.axes == 3 else None

    def cost(self, problem: Any) -> float:
        return 1.0

    def plan(self, problem: Any) -> Plan:
        return Plan(self._ran, self.name, problem)


class Witnesses:
    name, device, priority = "witnesses", "cpu", 1

    def __init__(self) -> None:
        self.ran: list[Any] = []
        self._all = (Witness(self.ran, "quick", False), Witness(self.ran, "last", True))

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> tuple[Witness, ...]:
        return self._all


@pytest.fixture
def witnesses(monkeypatch: pytest.MonkeyPatch) -> Witnesses:
    """A backend that keeps a list of what ran."""
    made = Witnesses()
    monkeypatch.setitem(plugins.registry().backends, "witnesses", made)
    return made


def test_every_case_runs_in_every_dtype_on_every_algorithm(
    numconv: Run, witnesses: Witnesses
) -> None:
    arguments = ("--op", "grouped", "--dtype", "float64", "--dtype", "int8")
    facts = numconv("warmup", *arguments, "--backend", "witnesses", "--json").json
    assert [(each["name"], each["dtype"]) for each in facts["parts"]] == [
        ("grouped", "float64"),
        ("grouped", "int8"),
    ]
    for part in facts["parts"]:
        ran = {(name, p) for name, p in witnesses.ran if p.dtype == part["dtype"]}
        assert len(ran) == part["runs"] == 2 * (part["problems"] - 1)
        assert {name for name, _ in ran} == {"quick", "last"} == set(part["algorithms"])
        assert ["takes no volumes" in each for each in part["refused"]] == [True]


def test_a_suite_runs_as_calls_would_without_the_last_resort(
    numconv: Run, witnesses: Witnesses
) -> None:
    Path("mine.toml").write_text(SUITE)
    arguments = ("--suite", "mine.toml", "--backend", "witnesses")
    ended = numconv("warmup", *arguments, "--dtype", "float64")
    assert ended.status == 0
    assert {(name, problem.dtype) for name, problem in witnesses.ran} == {("quick", "float64")}
    assert "mine.toml" in ended.out
    assert "1 runs" in ended.out


def test_all_operators_are_warmed_up_unless_told_otherwise(
    numconv: Run, witnesses: Witnesses
) -> None:
    facts = numconv("warmup", "--backend", "witnesses", "--json").json
    assert [each["name"] for each in facts["parts"]] == list(plugins.operators())
    assert {each["dtype"] for each in facts["parts"]} == {"float32"}


def test_what_has_no_such_dtype_says_so(numconv: Run, witnesses: Witnesses) -> None:
    arguments = ("--op", "involution_block", "--dtype", "int8", "--backend", "witnesses")
    assert "nothing to compile" in numconv("warmup", *arguments).out


def test_where_kernels_are_kept_is_said(
    numconv: Run, witnesses: Witnesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "cache"))
    arguments = ("warmup", "--op", "pointwise", "--backend", "witnesses")
    assert numconv(*arguments, "--json").json["kept_in"] == str(tmp_path / "cache")
    assert f"kept in {tmp_path / 'cache'}" in numconv(*arguments).out
    (tmp_path / "cache").write_text("a file stands in the way")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "cache"))
    assert numconv(*arguments, "--json").json["kept_in"] is None
    assert "is lost: cannot be made; nothing new is kept" in numconv(*arguments).err


def test_an_interruption_says_what_is_missing(
    numconv: Run, witnesses: Witnesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(part: Any, problem: Any, backend: str) -> None:
        if part.name == "dilated":
            raise KeyboardInterrupt

    monkeypatch.setattr(warmup, "_run", interrupted)
    arguments = ("warmup", "--op", "direct", "--op", "dilated", "--op", "grouped")
    ended = numconv(*arguments)
    assert ended.status == 130
    assert "2 of 3 are missing" in ended.err
    assert [line.split()[0] for line in ended.out.splitlines()[1:2]] == ["direct"]
    assert numconv(*arguments, "--json").json["interrupted"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--op", "nope"), "op='nope'"),
        (("--dtype", "float8"), "dtype='float8'"),
        (("--suite", "nope"), "suite='nope'"),
        (("--backend", "nope"), "backend='nope'"),
    ],
)
def test_what_cannot_be_warmed_up_is_said_in_a_line(
    numconv: Run, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in numconv("warmup", *arguments).complaint
