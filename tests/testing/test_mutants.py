"""`numconv verify` against a right algorithm and mutants of it, as a stranger's plugin."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from numconv.testing import LAWS

SOURCE = Path(__file__).with_name("mutants.py")


def load() -> Any:
    spec = spec_from_file_location("mutants", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MUTANTS: dict[str, set[str]] = load().MUTANTS
SUBTLE: dict[str, str] = load().SUBTLE


def numconv(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from numconv.cli.main import main; main()", *words],
        capture_output=True,
        text=True,
        env={**environment, "COLUMNS": ""},  # lines as long as they are
        check=False,
    )


@pytest.fixture(scope="module")
def environment(with_plugin: Any) -> dict[str, str]:
    return dict(with_plugin(SOURCE))


@pytest.fixture(scope="module")
def report(environment: dict[str, str]) -> Any:
    """Everything that verifying the mutants on direct convolutions, and grouped ones, says.

    The laws that the subtle mutants are for are left out: each that is broken is made small.
    """
    others = [f"--law={law.name}" for law in LAWS if law.name not in SUBTLE.values()]
    found: dict[str, list[Any]] = {"laws": [], "failures": []}
    for words in (["--op", "direct"], ["--op", "grouped", "--algorithm", "wrong_group"]):
        done = numconv(["verify", "--backend", "mutants", *words, *others, "--json"], environment)
        assert done.returncode == 1, done.stderr
        report = json.loads(done.stdout)
        assert report["complete"]
        for name, entries in found.items():
            entries += report[name]
    return found


def broken(report: Any, algorithm: str) -> set[str]:
    return {row["law"] for row in report["laws"] if row["algorithm"] == algorithm and row["broken"]}


def test_there_are_ten_mutants() -> None:
    assert len(MUTANTS) == 10


def test_the_right_algorithm_keeps_every_law(report: Any) -> None:
    rows = [row for row in report["laws"] if row["algorithm"] == "right"]
    assert sum(row["kept"] for row in rows) > 300
    assert not broken(report, "right")


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_mutant_is_caught_by_its_law(mutant: str, report: Any) -> None:
    caught = broken(report, mutant)
    assert caught & MUTANTS[mutant]
    explained = {each["law"] for each in report["failures"] if each["algorithm"] == mutant}
    assert explained == caught


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_command_reproduces_the_failure(
    mutant: str, report: Any, environment: dict[str, str]
) -> None:
    failure = next(
        each
        for each in report["failures"]
        if each["algorithm"] == mutant and each["law"] in MUTANTS[mutant]
    )
    assert len(failure["smallest_problem"]) <= len(failure["problem"])
    words = shlex.split(failure["command"])
    assert words[0] == "numconv"
    again = numconv([*words[1:], "--json"], environment)
    assert again.returncode == 1, again.stderr
    found = json.loads(again.stdout)
    assert [each["law"] for each in found["laws"] if each["broken"]] == [failure["law"]]
    assert found["failures"][0]["message"] == failure["smallest_message"]
    printed = numconv(words[1:], environment)
    assert printed.returncode == 1
    assert f"{mutant} breaks {failure['law']}" in printed.stdout
    assert failure["smallest_message"] in printed.stdout


@pytest.fixture(scope="module")
def subtle(environment: dict[str, str]) -> Any:
    """Everything that verifying the subtle mutants says."""
    words = ["verify", "--backend", "subtle", "--op", "pointwise", "--json"]
    done = numconv(words, environment)
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def test_the_right_algorithm_keeps_every_law_beside_the_subtle_ones(subtle: Any) -> None:
    assert subtle["complete"]
    assert not broken(subtle, "right")
    assert not broken(subtle, "auto")


@pytest.mark.parametrize(("mutant", "law"), SUBTLE.items(), ids=SUBTLE)
def test_the_subtle_mutant_is_caught_by_its_law_alone(mutant: str, law: str, subtle: Any) -> None:
    assert broken(subtle, mutant) == {law}


def test_costs_that_cross_are_caught_and_shown_again(environment: dict[str, str]) -> None:
    done = numconv(
        ["verify", "--backend", "crossing", "--op", "pointwise", "--law", "choice", "--json"],
        environment,
    )
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["complete"]
    assert not report["unverified"]
    assert broken(report, "auto") == {"choice"}
    again = numconv(shlex.split(report["failures"][0]["command"])[1:], environment)
    assert again.returncode == 1, again.stderr
    assert "chosen is 'right' for 1 image and 1 thread, but 'shared' for" in again.stdout
