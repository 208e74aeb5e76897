"""The backend `scipy`: what it solves is within the bound, what it lacks it says in words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.benchmarking import calls
from numconv.benchmarking.contestants import Contestant
from numconv.benchmarking.suites import Layer
from numconv.core import choice, plugins
from numconv.core.bound import bound
from numconv.core.errors import ArgumentError, BackendError, RefusedError
from numconv.core.problems import InvolutionProblem
from numconv.testing import naive_reference, named_problems, random_operands
from numconv_scipy.backend import ALGORITHMS, ScipyBackend
from numconv_scipy.plan import LONGEST_SECONDS, ScipyAlgorithm

pytestmark = pytest.mark.peer
needs_scipy = pytest.mark.skipif(find_spec("scipy") is None, reason="SciPy is not installed")

BACKEND = ScipyBackend()
BY_NAME = {each.name: each for each in ALGORITHMS}
SPREADING = ("fft", "oaconvolve", "convolve")
"""Those whose errors are of the size of the largest results, whatever the others are."""


def problems() -> Iterator[tuple[str, Any]]:
    """Yield every named convolution, the gradient of each, and one with every epilogue."""
    for each in named_problems():
        if not BACKEND.algorithms(each.problem):
            continue
        name = f"{each.operator}-{each.case}"
        yield name, each.problem
        if each.problem.direction == "forward":
            try:
                yield f"{name}-gradient", replace(each.problem, direction="input_gradient")
            except ArgumentError:
                continue
        if each.case == "shuffled_3_groups":
            both = replace(each.problem.epilogue, residual=True, bias=True, activation="relu")
            yield f"{name}-epilogue", replace(each.problem, epilogue=both)


PROBLEMS = dict(problems())
ACCEPTED = [
    pytest.param(algorithm, problem, id=f"{algorithm.name}-{name}")
    for name, problem in PROBLEMS.items()
    for algorithm in ALGORITHMS
    if algorithm.refusal(problem) is None
]


@needs_scipy
@pytest.mark.parametrize(("algorithm", "problem"), ACCEPTED)
def test_named_case_is_within_the_bound(algorithm: ScipyAlgorithm, problem: Any) -> None:
    operands = random_operands(problem)
    got = np.full(problem.result_shape, -77, problem.result_dtype)
    algorithm.plan(problem)(*operands, out=got)
    naive = naive_reference(problem)
    error = np.abs(got - naive(problem, *operands))
    allowed = bound(problem, naive, *operands)
    if algorithm.name in SPREADING:
        allowed = np.full(allowed.shape, allowed.max(initial=0))
    np.testing.assert_array_less(error, np.where(allowed > 0, allowed, 0.5))
    native = algorithm.native(problem, operands)
    first, second = native(), native()
    assert first.dtype == problem.result_dtype
    np.testing.assert_array_equal(first, got)
    np.testing.assert_array_equal(second, got)
    assert not np.shares_memory(first, second)


def test_every_algorithm_accepts_every_number_of_axes() -> None:
    accepted = {(p.values[0].name, p.values[1].axes) for p in ACCEPTED}
    assert accepted == {(name, axes) for name in BY_NAME for axes in (1, 2, 3)}


@pytest.mark.parametrize(
    ("algorithm", "case", "changes", "words"),
    [
        ("direct", "direct-symmetric", {"direction": "input_gradient"}, "no gradient of padding"),
        ("fft", "direct-int8", {}, "as float64, which rounds"),
        ("oaconvolve", "direct-int8", {}, "as float64, which rounds"),
        ("fft", "direct-float64", {"accuracy": "strict"}, "mixes receptive fields"),
        ("convolve", "direct-float64", {"accuracy": "strict"}, "mixes receptive fields"),
        ("ndimage", "direct-int8", {"dtype": "int64"}, "as float64, which rounds"),
        ("ndimage", "direct-padding_beyond_kernel", {}, "a result for each sample given"),
    ],
)
def test_what_scipy_lacks_is_refused_in_words(
    algorithm: str, case: str, changes: dict[str, Any], words: str
) -> None:
    problem = replace(PROBLEMS[case], **changes)
    assert words in str(BY_NAME[algorithm].refusal(problem))


def test_involutions_are_refused() -> None:
    problem = next(
        each.problem for each in named_problems() if isinstance(each.problem, InvolutionProblem)
    )
    assert BACKEND.algorithms(problem) == ()
    with pytest.raises(RefusedError, match="nothing for InvolutionProblem"):
        BACKEND.native(problem, ())


def test_what_would_take_minutes_is_not_measured() -> None:
    wide = replace(PROBLEMS["direct-float64"], batch=10**6)
    algorithm = BY_NAME["direct"]
    assert algorithm.refusal(wide) is None
    assert algorithm.cost(wide) > LONGEST_SECONDS
    with pytest.raises(RefusedError, match=r"about \d+ s, more than the 10 s.*pairs of them"):
        algorithm.native(wide, ())


@needs_scipy
@pytest.mark.parametrize(
    ("written", "algorithm"),
    [("scipy", "direct"), ("scipy/fft", "fft"), ("scipy/ndimage", "ndimage")],
)
def test_bench_makes_the_call_of_the_algorithm_that_it_names(
    written: str, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plugins.registry().backends, "scipy", BACKEND)
    made: list[str] = []

    def bind(self: ScipyAlgorithm, problem: Any, *operands: Any) -> Any:
        made.append(self.name)
        return lambda: None

    monkeypatch.setattr(ScipyAlgorithm, "bind", bind)
    layer = Layer("9 1@100", "conv1d", ((1, 1, 100), (1, 1, 9)), {"padding": 4})
    prepared = calls.prepare(Contestant.parse(written), layer, calls.work_of(layer))
    assert prepared.algorithm == algorithm
    assert made == [algorithm]


def test_auto_never_takes_it() -> None:
    assert ScipyBackend.priority < plugins.backends()["reference"].priority
    assert all(choice.choose(problem).backend.name != "scipy" for problem in PROBLEMS.values())


def test_without_scipy_it_is_listed_as_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(plugins.registry().backends, "scipy", BACKEND)
    status = BACKEND.status()
    assert status.state == "unavailable"
    assert status.remedy == "pip install scipy"
    with pytest.raises(BackendError, match="SciPy is not installed; pip install scipy"):
        numconv.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3)), backend="scipy")


def test_a_scipy_that_cannot_be_loaded_is_an_error_of_the_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "scipy.py").write_text("raise ImportError('libgfortran.so: not found')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "scipy"]:
        monkeypatch.delitem(sys.modules, name)
    for algorithm in ALGORITHMS:
        with pytest.raises(BackendError, match=r"cannot be imported: libgfortran.so: not found"):
            algorithm.plan(PROBLEMS["direct-float64"])


def test_choosing_imports_nothing_of_scipys_that_takes_time() -> None:
    code = (
        "import sys; from numconv.cli.main import cli;"
        "cli.main(['backends'], standalone_mode=False);"
        "cli.main(['explain', 'direct', '--padding', '1'], standalone_mode=False);"
        "print('scipy.signal' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "False"
