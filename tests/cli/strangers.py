"""Plugins of strangers, made up in this process: as sources, found as if they were installed."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from numconv.core import choice, dispatch, plugins

BACKEND = """
from numconv.plugin import Status, hookimpl

class Plan:
    workspace_bytes = 0
    def __call__(self, *arrays, out):
        out[...] = 42
    def describe(self):
        return "the answer"

class Answer:
    name = "answer"
    def refusal(self, problem):
        return None
    def cost(self, problem):
        return 1e-9
    def plan(self, problem):
        return Plan()

class Backend:
    name = "bad"
    device = "cpu"
    priority = 1000
    def status(self):
        return Status("ready")
    def algorithms(self, problem):
        return (Answer(),)

@hookimpl
def numconv_backends():
    return [Backend()]
"""


@dataclass(frozen=True)
class _Point:
    """What an entry point has."""

    name: str
    value: str
    source: str
    dist: None = None

    def load(self) -> Any:
        module = types.ModuleType(self.value)
        exec(compile(self.source, f"<{self.value}>", "exec"), module.__dict__)
        return module


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch, **sources: str) -> Iterator[None]:
    """Have plugins with these sources beside those that are there."""
    real: Callable[..., Any] = plugins.entry_points

    def points(**asked: Any) -> list[Any]:
        made = [_Point(name, f"plugin_{name}", text) for name, text in sources.items()]
        return [*real(**asked), *made]

    def begin_anew() -> None:
        plugins._discover.cache_clear()
        choice.forget_warnings()
        dispatch.forget()
        dispatch._met.clear()

    with monkeypatch.context() as patched:
        patched.setattr(plugins, "entry_points", points)
        begin_anew()
        yield
    begin_anew()


def written(monkeypatch: pytest.MonkeyPatch, folder: Path, **sources: str) -> None:
    """Lay plugins with these sources where processes that are started find them."""
    for name, source in sources.items():
        described = folder / f"{name}-1.0.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (described / "entry_points.txt").write_text(f"[numconv]\n{name} = plugin_{name}\n")
        (folder / f"plugin_{name}.py").write_text(source)
    there = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(folder), there))))
