"""The examples in the docstrings of the public modules run, and there are some."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import numconv

UNDOCUMENTED = ("numconv.cli", "numconv.torch")


def modules() -> list[str]:
    found = pkgutil.walk_packages(numconv.__path__, "numconv.")
    return ["numconv", *(each.name for each in found if not each.name.startswith(UNDOCUMENTED))]


@pytest.mark.parametrize("name", modules())
def test_examples_run(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


@pytest.mark.parametrize(
    "name",
    ["numconv.functional.convolution", "numconv.functional.transposed", "numconv.planning"],
)
def test_there_are_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert any(test.examples for test in doctest.DocTestFinder().find(module))
