"""The pytest plugin, in a stranger's repository."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).with_name("mutants.py")
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers")
THREE_LINES = """
import pytest

@pytest.mark.numconv({arguments})
def test_laws(numconv_check):
    numconv_check()
"""


@pytest.fixture(scope="module")
def run(with_plugin: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    environment = with_plugin(SOURCE)

    def run(arguments: str, *options: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path_factory.mktemp("stranger")
        (folder / "test_laws.py").write_text(THREE_LINES.format(arguments=arguments))
        return subprocess.run(
            [*PYTEST, *options],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_right_algorithm_passes_with_a_test_for_each_check(run: Any) -> None:
    done = run('backend="mutants", algorithm="right", op="pointwise"')
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split(" passed")[0].split()[-1]) > 50


def test_a_wrong_one_fails_with_law_and_problem(run: Any) -> None:
    done = run('backend="mutants", algorithm="missing_last_row", op="pointwise", laws=("values",)')
    assert done.returncode == 1, done.stdout
    assert "Equal to the naive reference" in done.stdout
    assert '"type": "ConvolutionProblem"' in done.stdout
    assert "[missing_last_row-pointwise_odd-within_bound]" in done.stdout


LAWS = ("quiet", "at_once", "accuracy", "workspace", "memory")


def test_subtle_mutants_fail_with_their_law(run: Any) -> None:
    done = run(f'backend="subtle", op="pointwise", laws={LAWS}', "-rf")
    assert done.returncode == 1, done.stdout
    failed = set(re.findall(r"^FAILED .*\[(\w+)-\w+-(\w+)\]", done.stdout, re.M))
    assert failed == {
        ("warns", "quiet"),
        ("scratch_in_the_plan", "at_once"),
        ("parts_under_strict", "accuracy"),
        ("takes_more_than_it_says", "workspace"),
        ("leaks", "memory"),
    }


def test_costs_that_cross_fail_with_their_law(run: Any) -> None:
    done = run('backend="crossing", op="pointwise", laws=("choice",)', "-rf")
    assert done.returncode == 1, done.stdout
    assert "[auto-pointwise_odd-choice]" in done.stdout
    assert "The same algorithm is chosen" in done.stdout


def test_a_warning_fails_one_law_where_warnings_are_errors_as_elsewhere(run: Any) -> None:
    done = run('backend="subtle", algorithm="warns", op="pointwise"', "-rf", "-W", "error")
    assert done.returncode == 1, done.stdout
    assert set(re.findall(r"^FAILED .*-(\w+)\]", done.stdout, re.M)) == {"quiet"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('backend="nowhere"', "backend='nowhere': expected one of"),
        ('backend="mutants", algorithm="left"', "algorithm='left': expected one of 'right'"),
        ('backend="mutants", op="tea"', "op='tea': expected one of"),
        ('backend="mutants", laws=("gravity",)', "law='gravity': expected one of"),
        ('backend="mutants", level="warp"', "level='warp': expected one of quick, full"),
        ('backend="mutants", speed=1', "speed"),
        ('backend="mutants", op="involution"', "comes to no check"),
    ],
)
def test_a_mistake_is_told_in_a_line(run: Any, arguments: str, said: str) -> None:
    done = run(arguments)
    assert done.returncode not in (0, 1)
    assert said in done.stdout + done.stderr


def test_pytest_loads_it_without_the_kit_or_numpy() -> None:
    code = (
        "import sys, numconv.pytest_plugin\n"
        "print('numpy' in sys.modules, 'numconv.testing' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
