"""Real measurements, short ones: contestants in processes of their own, good and bad."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from numconv.benchmarking import measure, tables
from numconv.benchmarking.process import DiedError, Worker
from numconv.benchmarking.suites import Layer, Suite
from numconv.benchmarking.turns import QUICK
from numconv.core.errors import ArgumentError, BackendError

ONE_COLUMN = {"effort": QUICK, "columns": ("user",)}


def test_tiny_against_the_reference() -> None:
    seen: list[tuple[int, int, str]] = []
    report = measure(
        ["tiny"],
        "cpu",
        ["reference"],
        effort=QUICK,
        layers=["3x3 1@16"],
        progress=lambda *done: seen.append(done),
    )
    assert report.contestants == ["cpu", "reference"]
    layer = report.layers[0]
    assert layer.flops == 2 * 14 * 14 * 9
    for column in ("user", "kernel"):
        own, peer = layer.columns[column]["cpu"], layer.columns[column]["reference"]
        assert (own.reason, peer.reason) == ("", "")
        assert len(own.seconds) == len(peer.seconds) == QUICK.rounds
        assert own.first_seconds > max(own.seconds)
        ratio = layer.ratio(column, "cpu", "reference")
        assert ratio is not None
        assert ratio.median > 1
    assert report.roofs["float32"]["flops"] > 1e9
    assert layer.rate_before > 1e9
    assert {"numba", "numpy", "numconv-kernels"} <= set(report.versions)
    assert seen[0][2] == "3x3 1@16"
    assert seen[-1][0] == seen[-1][1] == len(report.layers)


def test_plans_dtypes_and_batches(suite) -> None:
    report = measure(
        [suite(4, padding=1)], "cpu+plan", ["cpu/loops"], **ONE_COLUMN, dtype="float64", batch=3
    )
    [layer] = report.layers
    assert layer.layer.operands == ((3, 4, 9, 9), (2, 4, 3, 3))
    assert layer.layer.dtype == "float64"
    assert layer.measurement("user", "cpu/loops").algorithm == "loops"
    assert layer.measurement("user", "cpu+plan").algorithm != "loops"
    assert layer.ratio("user", "cpu+plan", "cpu/loops") is not None
    assert "float64" in report.roofs


def test_a_plan_of_an_involution_takes_kernels_in_each_call() -> None:
    shapes = ((1, 4, 6, 6), (1, 2, 3, 3, 6, 6))
    layer = Layer("involution", "involution2d", shapes, {"padding": 1})
    suite = Suite("one", "One", "made up", (layer,))
    [found] = measure([suite], "cpu+plan", ["reference"], **ONE_COLUMN, batch=2).layers
    assert found.layer.operands == ((2, 4, 6, 6), (2, 2, 3, 3, 6, 6))
    assert found.ratio("user", "cpu+plan", "reference") is not None


def test_a_refused_layer_has_a_reason_and_stops_nothing(suite, stubs: Path) -> None:
    refused = suite(4, dilation=2).layers[0]
    both = Suite("both", "", "", (refused, *suite(6).layers))
    report = measure([both], "cpu", ["dying"], **ONE_COLUMN)
    first, second = (layer.measurement("user", "dying") for layer in report.layers)
    assert "it likes no dilation" in first.reason
    assert report.layers[0].measurement("user", "cpu").seconds
    assert report.layers[0].ratio("user", "cpu", "dying") is None
    assert second.seconds


def test_an_invalid_layer_has_the_error_as_its_reason(suite) -> None:
    shapes = ((1, 4, 9, 9), (2, 5, 3, 3))
    bad = Layer("bad", "conv2d", shapes)
    unknown = Layer("unknown", "konv2d", shapes)
    whole = Suite("bad", "", "", (bad, unknown, *suite(4).layers))
    report = measure([whole], "cpu", **ONE_COLUMN)
    reasons = [layer.measurement("user", "cpu").reason for layer in report.layers]
    assert "weight=" in reasons[0]
    assert "function='konv2d'" in reasons[1]
    assert reasons[2] == ""
    assert report.layers[2].measurement("user", "cpu").seconds


def test_a_wrong_result_has_no_ratio(suite, stubs: Path) -> None:
    """The stub computes zeros, very fast."""
    report = measure([suite(4)], "cpu", ["dying"], **ONE_COLUMN)
    [layer] = report.layers
    stub = layer.measurement("user", "dying")
    assert stub.seconds
    assert stub.reason.startswith("results differ by 1 ")
    assert layer.ratio("user", "cpu", "dying") is None
    assert report.geometric_mean("user", "dying") is None
    assert any("results differ" in note for note in tables.notes(report))


def test_a_worker_that_dies_is_reported_and_started_again(suite, stubs: Path) -> None:
    report = measure([suite(4, 3, 6)], "cpu", ["dying"], **ONE_COLUMN)
    died = report.layers[1].measurement("user", "dying")
    assert died.reason == "its process died: last words (exit status 7)"
    assert died.seconds == []
    assert all(layer.measurement("user", "cpu").seconds for layer in report.layers)
    assert report.layers[2].measurement("user", "dying").seconds


def test_last_words_of_a_worker(suite, stubs: Path) -> None:
    worker = Worker("dying", "user", 1)
    worker.open()
    assert worker.versions["numconv-stub"] == "1.0"
    process = worker._process
    process.kill()
    process.wait()
    with pytest.raises(DiedError, match="signal 9"):
        worker.ask("turn", seconds=0.0)
    assert worker.ask("roof", dtype="float32")["refused"].startswith("backend 'dying'")
    worker.close()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"backend": "nobody"}, BackendError, "backend 'nobody' is unknown: expected one of"),
        ({"backend": "cuda"}, BackendError, "backend 'cuda' is unavailable: "),
        ({"vs": ["cpu"]}, ArgumentError, "vs='cpu': expected each contestant once"),
        ({"layers": ["nothing"]}, ArgumentError, "layer='nothing': expected a part of one of: 3x3"),
        ({"threads": 0}, ArgumentError, "threads=0"),
    ],
)
def test_what_cannot_be_measured_is_one_error(suite, given, error, message: str) -> None:
    with pytest.raises(error, match="^" + message):
        measure([suite(4)], **{"backend": "cpu", **given}, **ONE_COLUMN)


def test_an_interruption_keeps_what_was_measured(suite) -> None:
    def interrupt(done: int, total: int, name: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    report = measure([suite(4, 6)], "cpu", **ONE_COLUMN, progress=interrupt)
    assert report.interrupted
    assert [layer.layer.name for layer in report.layers] == ["3x3 4@9"]


@pytest.mark.peer
@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
def test_against_pytorch_by_its_own_call(suite) -> None:
    report = measure([suite(8, padding=1)], "cpu", ["torch"], effort=QUICK)
    for column in ("user", "kernel"):
        assert report.layers[0].ratio(column, "cpu", "torch") is not None
    assert report.versions["torch"]


@pytest.mark.peer
@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="there is no /proc here")
@pytest.mark.parametrize(("name", "foreign"), [("cpu", "libtorch"), ("torch", "llvmlite")])
def test_no_worker_loads_the_other_library(suite, name: str, foreign: str) -> None:
    worker = Worker(name, "user", 1)
    try:
        data = {
            "name": "layer",
            "function": "conv2d",
            "operands": [[1, 4, 9, 9], [2, 4, 3, 3]],
            "parameters": {},
            "dtype": "float32",
            "count": 1,
        }
        assert worker.ask("layer", layer=data)["first_seconds"] > 0
        maps = Path(f"/proc/{worker._process.pid}/maps").read_text()
    finally:
        worker.close()
    assert foreign not in maps
