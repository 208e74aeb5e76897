"""Every docstring's example runs where it is pasted: in a prompt that has imported nothing."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil
from pathlib import Path

import pytest

PACKAGES = ("numconv", "numconv_cpu", "numconv_cuda", "numconv_scipy", "numconv_torch")
COMMANDS = "numconv.cli"


def modules() -> list[str]:
    """Return the modules that show examples; others, such as those for GPUs, are not imported."""
    found = []
    for name in PACKAGES:
        package = importlib.import_module(name)
        parts = pkgutil.walk_packages(package.__path__, f"{name}.", onerror=lambda name: None)
        found += [name, *(each.name for each in parts)]
    return [name for name in found if not name.startswith(COMMANDS) and ">>>" in _source(name)]


def _source(name: str) -> str:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def examples() -> list[doctest.DocTest]:
    """Return each docstring's examples, with nothing in their namespace."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        each
        for name in modules()
        for each in finder.find(importlib.import_module(name), name, globs={})
        if each.examples
    ]
    return sorted(found, key=lambda each: each.name)


@pytest.mark.parametrize("example", examples(), ids=lambda each: each.name)
def test_example_runs_when_pasted(example: doctest.DocTest) -> None:
    printed: list[str] = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(example, out=printed.append)
    assert tried
    assert not failed, "".join(printed)
