"""`numconv bench`: what it prints, saves, compares, and how it complains."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from numconv.benchmarking import Report

SUITE = """
title = "Two small ones"

[[layers]]
name = "3x3 8@12"
function = "conv2d"
operands = [[1, 8, 12, 12], [4, 8, 3, 3]]
parameters = { padding = 1 }
count = 2

[[layers]]
name = "1x1 8@12"
function = "conv2d"
operands = [[1, 8, 12, 12], [4, 8, 1, 1]]
"""
MEASURE = ("bench", "--suite", "small.toml", "--quick")


@pytest.fixture
def small(numconv: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """A function that runs `numconv bench` on a suite of two small layers."""
    (tmp_path / "small.toml").write_text(SUITE)
    return lambda *arguments: numconv(*MEASURE, *arguments)


def test_measures_prints_and_saves(small: Callable[..., Any]) -> None:
    ended = small("--vs", "reference", "--json", "report.json")
    assert (ended.status, ended.err) == (0, "")
    assert "small (Two small ones)" in ended.out
    assert "user: as a user meets it" in ended.out
    assert "kernel: page faults out of the way" in ended.out
    assert "3x3 8@12 (x2)" in ended.out
    assert "cpu against reference: geometric mean" in ended.out
    assert "written to report.json" in ended.out
    report = Report.read(Path("report.json"))
    assert report.contestants == ["cpu", "reference"]
    assert len(report.layers) == 2
    assert all(layer.ratio("kernel", "cpu", "reference") for layer in report.layers)


def test_losses_stand_in_plain_sight(small: Callable[..., Any]) -> None:
    """The reference is far slower than the CPU's kernels, in everything."""
    ended = small("--backend", "reference", "--vs", "cpu", "--layer", "3x3")
    assert ended.status == 0
    assert ended.out.count("LOSS") == 2
    assert "losses, the worst first" in ended.out
    assert "against cpu: small: 3x3 8@12" in ended.out
    assert "1x1" not in ended.out


def test_json_on_stdout_is_one_object_and_nothing_else(small: Callable[..., Any]) -> None:
    ended = small("--layer", "1x1", "--threads", "1", "--rounds", "4", "--json", "-")
    assert ended.err == ""
    assert ended.json["threads"] == 1
    assert ended.json["rounds"] == 4
    [layer] = ended.json["layers"]
    assert len(layer["columns"]["user"]["cpu"]["seconds"]) == 4


def test_compare_tells_a_change_and_fails_only_when_asked(small: Callable[..., Any]) -> None:
    small("--layer", "3x3", "--vs", "cpu/loops", "--json", "old.json")
    data = json.loads(Path("old.json").read_text())
    for column in data["layers"][0]["columns"].values():
        column["cpu/loops"]["seconds"] = [1000 * each for each in column["cpu/loops"]["seconds"]]
    Path("faster.json").write_text(json.dumps(data))
    arguments = ("--layer", "3x3", "--vs", "cpu/loops", "--compare", "faster.json")
    ended = small(*arguments)
    assert ended.status == 0
    assert ended.out.count("SLOWER") == 2
    assert "changes beyond the spread" in ended.out
    assert small(*arguments, "--fail-on-regression").status == 1


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")
def test_plots_are_written(small: Callable[..., Any]) -> None:
    plots = ("--plot", "a.svg", "--plot", "a.png", "--plot", "a.html")
    ended = small("--layer", "1x1", "--vs", "reference", *plots)
    assert ended.status == 0
    assert "written to a.svg, a.png, a.html" in ended.out
    assert all(Path(f"a.{suffix}").stat().st_size > 10_000 for suffix in ("svg", "png", "html"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--suite", "nothing"), ("suite='nothing'", "tiny")),
        (("--backend", "cpu/"), ("backend='cpu/'", "cpu/direct")),
        (("--backend", "nobody"), ("'nobody' is unknown",)),
        (("--vs", "cpu"), ("vs='cpu'", "once")),
        (("--layer", "nothing"), ("layer='nothing'", "3x3 8@12")),
        (("--plot", "chart.gif"), ("chart.gif", ".svg, .png or .html")),
        (("--json", "no/such/folder.json"), ("no/such/folder.json", "folder that exists")),
        (("--compare", "missing.json"), ("missing.json", "report written by numconv bench")),
        (("--rounds", "0"), ("--rounds",)),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_line(
    small: Callable[..., Any], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ended = small(*arguments)
    for word in words:
        assert word in ended.complaint
    assert ended.out == ""


def test_layers_that_are_refused_show_the_reason(
    numconv: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "small.toml").write_text(SUITE)
    ended = numconv(*MEASURE, "--backend", "cpu/pointwise", "--vs", "cpu")
    assert ended.status == 0
    assert "no ratio: cpu/pointwise: " in ended.out
    assert "takes kernels of one sample" in ended.out
    assert "in 1 layer" in ended.out
