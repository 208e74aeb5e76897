"""`numconv verify` as a person and a program see it."""

from __future__ import annotations

import json
from typing import Any

import pytest


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
    done = numconv("verify", "--backend", "cpu", "--algorithm", "transposed", "--op", "pointwise")
    assert done.status == 1
    assert "nothing ran" in done.out
    assert "computes the input gradient" in done.out
