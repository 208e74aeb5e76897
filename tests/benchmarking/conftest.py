"""Reports made of given numbers, and a plugin of backends that misbehave in known ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from numconv.benchmarking.report import LayerReport, Measurement, Report
from numconv.benchmarking.suites import Layer, Suite

Times = Mapping[str, Mapping[str, Sequence[float]]]
MakeReport = Callable[..., Report]

STUB = """
import os, sys, time
from pathlib import Path

from numconv.core.hookspecs import hookimpl
from numconv.core.protocol import Status

CHANNELS_TO_DIE_ON, CHANNELS_TO_SLEEP_ON = 3, 5


class Algorithm:
    name = "stub"
    last_resort = False

    def refusal(self, problem):
        return "it likes no dilation" if problem.dilation[0] > 1 else None

    def cost(self, problem):
        return 1.0

    def plan(self, problem):
        raise NotImplementedError


class Stub:
    device, priority = "cpu", -5

    def __init__(self, name):
        self.name = name

    def status(self):
        return Status("ready")

    def algorithms(self, problem):
        return (Algorithm(),)

    def native(self, problem, operands):
        import numpy as np

        if self.name == "dying" and problem.in_channels == CHANNELS_TO_DIE_ON:
            print("first words\\nlast words", file=sys.stderr, flush=True)
            os._exit(7)
        if self.name == "sleeping" and problem.in_channels == CHANNELS_TO_SLEEP_ON:
            Path(os.environ["STUB_MARKER"]).write_text(str(os.getpid()))
            time.sleep(600)
        print("a library that talks")
        return lambda: np.zeros(problem.result_shape, problem.result_dtype)


@hookimpl
def numconv_backends():
    return [Stub("dying"), Stub("sleeping")]
"""


@pytest.fixture
def stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install backends `dying` and `sleeping` for processes started from here; return where.

    Both compute zeros. One dies on a layer of 3 channels, one sleeps on a layer of 5 channels
    after it wrote its process's number into the file `marker`.
    """
    folder = tmp_path / "site"
    about = folder / "numconv_stub-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "numconv_stub.py").write_text(STUB)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: numconv-stub\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[numconv]\nstub = numconv_stub\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("STUB_MARKER", str(tmp_path / "marker"))
    return tmp_path


@pytest.fixture
def suite() -> Callable[..., Suite]:
    """A function that makes a suite of small 3x3 convolutions, one for each number of channels."""

    def make(*channels: int, **parameters: object) -> Suite:
        layers = [
            Layer(f"3x3 {c}@9", "conv2d", ((1, c, 9, 9), (2, c, 3, 3)), parameters)
            for c in channels
        ]
        return Suite("small", "Small layers", "made up", tuple(layers))

    return make


@pytest.fixture
def make_report() -> MakeReport:
    """A function that makes a report of these times: layer, contestant, one time a round."""

    def make(
        times: Times, counts: Sequence[int] = (), rate: float = 1e11, threads: int = 2
    ) -> Report:
        contestants = list(next(iter(times.values())))
        report = Report(
            date="2026-01-02T03:04:05+00:00",
            machine={"processor": "Imaginary 9000", "python": "3.12.0"},
            threads=threads,
            contestants=contestants,
            columns=["user", "kernel"],
            suites={"made": "Made up"},
            rounds=3,
            versions={"numconv-kernels": "1.2", "numpy": "2.0"},
            roofs={"float32": {"flops": 1e11, "bytes_per_second": 2e10}},
        )
        for index, (name, measured) in enumerate(times.items()):
            shapes = ((1, 8, 16, 16), (8, 8, 3, 3))
            count = counts[index] if counts else 1
            layer = LayerReport("made", Layer(name, "conv2d", shapes, {"padding": 1}, count=count))
            layer.flops, layer.min_bytes = 2_000_000 * (index + 1), 100_000
            layer.rate_before = layer.rate_after = rate
            layer.columns = {
                column: {
                    each: Measurement(each, "direct", 0.1, 4, list(seconds))
                    for each, seconds in measured.items()
                }
                for column in report.columns
            }
            report.layers.append(layer)
        return report

    return make
