"""Verification of algorithms that kill their process, hang, or raise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from numconv.core import plugins
from numconv.testing import Request, isolation, named_problems, verify
from numconv.testing.encoding import to_text

PLUGIN = """
import ctypes, os, time
import numpy as np
from numconv.core.hookspecs import hookimpl
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Algorithm, Plan, Status
from numconv.testing import naive_reference

class P(Plan):
    workspace_bytes = 0
    def __init__(self, name, problem):
        self.name, self.problem = name, problem
    def __call__(self, *arrays, out):
        print("noise on stdout")
        if self.name == "crashes":
            ctypes.string_at(8)
        if self.name == "exits":
            os._exit(3)
        if self.name == "hangs":
            time.sleep(3600)
        if self.name == "raises":
            raise KeyError("who knows")
        out[...] = naive_reference(self.problem)(self.problem, *arrays)
    def describe(self):
        return "for tests"

class A(Algorithm):
    def __init__(self, name):
        self.name = name
    def refusal(self, problem):
        return None if problem.dtype == "float32" else "takes float32"
    def cost(self, problem):
        return 1.0
    def plan(self, problem):
        return P(self.name, problem)

class B:
    name, device, priority = "fragile", "cpu", -3
    def status(self):
        return Status("ready")
    def algorithms(self, problem):
        if not isinstance(problem, ConvolutionProblem):
            return ()
        return [A(name) for name in ("raises", "crashes", "exits", "hangs", "sound")]

@hookimpl
def numconv_backends():
    return [B()]
"""


@pytest.fixture(scope="module")
def _fragile(tmp_path_factory: pytest.TempPathFactory, with_plugin: Any) -> Any:
    module = tmp_path_factory.mktemp("source") / "fragile.py"
    module.write_text(PLUGIN)
    site = with_plugin(module)["PYTHONPATH"].split(os.pathsep)[0]
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(site)
    patch.setenv("PYTHONPATH", site, prepend=os.pathsep)
    plugins._discover.cache_clear()
    yield
    patch.undo()
    plugins._discover.cache_clear()
    sys.modules.pop("fragile", None)


def states(report: Any) -> set[str]:
    return {result.state for result in report.results.values()}


@pytest.mark.usefixtures("_fragile")
class TestFragile:
    def verify(self, algorithm: str, **rest: Any) -> Any:
        laws = rest.pop("laws", ("written",))
        return verify(Request("fragile", algorithm, op="pointwise", laws=laws, **rest))

    def test_a_sound_one_passes(self) -> None:
        report = self.verify("sound")
        assert report.passed
        assert states(report) == {"kept"}
        assert any("takes float32" in each.reason for each in report.checks.refusals)

    def test_an_exception_is_a_broken_law(self) -> None:
        report = self.verify("raises")
        assert not report.passed
        assert report.complete
        assert states(report) == {"broken"}
        assert "raised KeyError: 'who knows'" in report.failures[0].message

    @pytest.mark.parametrize(("algorithm", "said"), [("crashes", "SIGSEGV"), ("exits", "status 3")])
    def test_a_death_is_told_and_given_up_after_three(self, algorithm: str, said: str) -> None:
        report = self.verify(algorithm)
        assert not report.passed
        assert states(report) == {"crashed"}
        assert len(report.results) == 3
        assert report.left_out == len(report.checks.checks) - 3
        assert all(said in failure.message for failure in report.failures)
        assert "--law written --problem" in report.failures[0].command

    def test_a_hang_is_a_death(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(isolation, "PATIENCE_SECONDS", 4.0)
        monkeypatch.setattr(isolation, "_MOST_DEATHS", 1)
        report = self.verify("hangs")
        assert states(report) == {"crashed"}
        assert "did not answer for 4 s" in report.failures[0].message

    def test_all_of_them_at_once(self) -> None:
        report = verify(Request("fragile", op="pointwise", laws=("contract",)))
        assert report.passed
        assert {row.algorithm for row in report.rows()} == {
            *("raises", "crashes", "exits", "hangs", "sound")
        }

    def test_a_refused_problem_is_not_a_pass(self) -> None:
        refused = next(each.problem for each in named_problems() if each.problem.dtype == "int8")
        report = self.verify("sound", problem=to_text(refused))
        assert not report.passed
        assert report.unverified == ["sound"]


def test_an_interruption_keeps_what_was_found(tmp_path: Path) -> None:
    script = (
        "import os, signal\n"
        "from numconv.testing import Request, verify\n"
        "seen = []\n"
        "def progress(done, total, name):\n"
        "    seen.append(name)\n"
        "    if len(seen) == 31: os.kill(os.getpid(), signal.SIGINT)\n"
        "report = verify(Request('reference', op='direct', level='full'), progress)\n"
        "assert report.interrupted and not report.passed and not report.complete\n"
        "assert len(report.results) >= 25, len(report.results)\n"
        "print('kept')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == "kept\n", done.stderr


def test_the_command_says_interrupted() -> None:
    words = ["verify", "--backend", "reference", "--level", "full"]
    started = subprocess.Popen(
        [sys.executable, "-c", "from numconv.cli.main import main; main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(6)
    os.killpg(started.pid, signal.SIGINT)
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "interrupted after" in out
