"""Imports point down: no module of ours needs itself, not even for types."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [
    ROOT / "src/numconv",
    *sorted(path.parent for path in ROOT.glob("plugins/*/__init__.py")),
]
COPIED = ROOT / "src/numconv/skeletons"


def _modules(packages: list[Path]) -> dict[str, Path]:
    found = {}
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            if COPIED not in path.parents:
                parts = path.relative_to(package.parent).with_suffix("").parts
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def _imported(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules that are imported as this one is, or for its types."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in _at_import(ast.parse(path.read_text()).body):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            inner = {f"{base}.{each.name}" for each in node.names}
            found |= inner & set(known) or {base}
    return (found & set(known)) - {name}


def _at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run as a module is imported, or that type checkers read then."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _at_import([*node.body, *node.orelse])
        elif isinstance(node, (ast.Try, ast.With)):
            yield from _at_import(node.body)


def _order(packages: list[Path]) -> list[str]:
    known = _modules(packages)
    graph = {name: _imported(name, path, known) for name, path in known.items()}
    return list(TopologicalSorter(graph).static_order())


def test_no_import_goes_round() -> None:
    assert len(_order(PACKAGES)) > 300


def test_one_that_does_is_found(tmp_path: Path) -> None:
    package = tmp_path / "round"
    package.mkdir()
    for name, text in (("__init__", ""), ("one", "from . import two"), ("two", "import round.one")):
        (package / f"{name}.py").write_text(text)
    with pytest.raises(CycleError, match=r"round\.one"):
        _order([package])
