"""`numconv.plugin` is all that a plugin imports, and CONTRIBUTING says how it changes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from numconv import plugin

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(
    path
    for folder in ("examples", "src/numconv/skeletons")
    for path in (ROOT / folder).rglob("*.py")
)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_import_nothing_else_of_numconv(path: Path) -> None:
    ours = {name for name in _imported(path) if name.split(".")[0] == "numconv"}
    assert ours <= {"numconv", "numconv.plugin", "numconv.testing"}


def test_there_are_examples() -> None:
    assert any(path.name == "plugin.py" for path in EXAMPLES)


@pytest.mark.parametrize("name", plugin.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    value = getattr(plugin, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert (value.__doc__ or "").strip()


def test_nothing_else_is_there() -> None:
    names = {name for name in vars(plugin) if name.isidentifier() and not name.startswith("_")}
    public = names - {"annotations"}
    assert public == set(plugin.__all__)


def test_contributing_tells_how_the_protocol_changes() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert f"`PROTOCOL` is {plugin.PROTOCOL}" in text
