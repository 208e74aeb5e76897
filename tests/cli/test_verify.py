"""`numconv verify` as a person and a program see it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from numconv.core import plugins
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Status


def test_one_algorithm_passes(numconv: Any) -> None:
    done = numconv("verify", "--backend", "cpu", "--algorithm", "loops", "--op", "pointwise")
    assert done.status == 0, done.err
    assert "cpu/loops" in done.out
    assert "of the bound" in done.out
    assert "every law is kept" in done.out


def test_json_says_everything(numconv: Any) -> None:
    words = ("--backend", "cpu", "--op", "pointwise", "--law", "values", "--law", "written")
    done = numconv("verify", *words, "--json")
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert report["passed"]
    assert report["complete"]
    assert {row["law"] for row in report["laws"]} == {
        *("within_bound", "epilogue", "linear", "delta", "written")
    }
    assert {row["algorithm"] for row in report["laws"]} >= {"pointwise", "loops"}
    assert all(0 <= row["largest_fraction"] <= 1 for row in report["laws"])
    assert any(row["largest_fraction"] > 0 for row in report["laws"])
    transposed = [each for each in report["refusals"] if each["algorithm"] == "transposed"]
    assert transposed[0]["reason"]
    kinds = ("depthwise", "winograd", "fft", "spectral", "scattered", "transposed")
    assert report["unverified"] == list(kinds)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--backend", "nowhere"), "backend='nowhere': expected one of"),
        (("--algorithm", "magic"), "algorithm='magic': expected one of 'depthwise'"),
        (("--op", "tea"), "op='tea': expected one of"),
        (("--law", "gravity"), "law='gravity': expected one of quiet"),
        (("--level", "warp"), "'warp'"),
        (("--problem", "{}"), "problem='{}': expected JSON"),
        (("--op", "channel_shuffle"), "has no problem of its own"),
        (("--backend", "cuda"), "unavailable"),
    ],
)
def test_mistakes_are_one_line(numconv: Any, words: tuple[str, ...], said: str) -> None:
    done = numconv("verify", *words)
    assert done.status == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not done.out


def test_nothing_that_ran_is_no_pass(numconv: Any) -> None:
    words = ("--backend", "cpu", "--algorithm", "depthwise", "--op", "involution")
    done = numconv("verify", *words)
    assert done.status == 2
    words = ("--backend", "cpu", "--algorithm", "transposed", "--op", "pointwise")
    done = numconv("verify", *words)
    assert "nothing ran: cpu/transposed: computes the input gradient" in done.complaint
    assert "(checked for --backend " in done.complaint
    assert "reference" in done.complaint
    assert done.out == ""
    done = numconv("verify", *words, "--json")
    assert "nothing ran" in done.complaint
    assert done.json["checks"] == 0
    assert not done.json["passed"]


class Nobody:
    """A backend that has nothing for most, and refuses the rest."""

    name, device, priority = "nobody", "cpu", 1
    workspace_bytes = 0

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> tuple[Any, ...]:
        return (self,) if isinstance(problem, ConvolutionProblem) else ()

    def refusal(self, problem: Any) -> str | None:
        return "it is Monday"

    def cost(self, problem: Any) -> float:
        return 1.0

    def plan(self, problem: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("op", "why"),
    [
        ("involution", "nothing ran: backend 'nobody' has no algorithm for these problems (check"),
        ("pointwise", "nothing ran: nobody/nobody: it is Monday (checked for --backend "),
    ],
)
def test_nothing_that_ran_says_why_and_who_would(
    numconv: Any, monkeypatch: pytest.MonkeyPatch, op: str, why: str
) -> None:
    monkeypatch.setitem(plugins.registry().backends, "nobody", Nobody())
    done = numconv("verify", "--backend", "nobody", "--op", op)
    assert why in done.complaint
    assert "cpu" in done.complaint
    assert done.out == ""
