"""Suites: the layers of networks and of typical uses, as data.

A suite is a TOML file: those beside this module come with numconv, and anyone may write another.
Reading one imports nothing of numconv, so that benchmarks of any commit can share today's suites.

::

    title = "ResNet-50"
    source = "K. He et al., arXiv:1512.03385, table 1; batch 1, 224x224"

    [[layers]]
    name = "3x3 64@56"
    function = "conv2d"
    operands = [[1, 64, 56, 56], [64, 64, 3, 3]]
    count = 3                  # how often the network has it, 1 by default
    dtype = "float32"          # the default
    parameters = { padding = 1 }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any


class SuiteError(ValueError):
    """A suite that is not known, or a file that does not hold one."""


@dataclass(frozen=True)
class Layer:
    """One call of a function of numconv: `function(*operands, **parameters)`.

    `operands` are the arrays' shapes, in the function's order; `count` says how often a network
    has this layer.
    """

    name: str
    function: str
    operands: tuple[tuple[int, ...], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dtype: str = "float32"
    count: int = 1


@dataclass(frozen=True)
class Suite:
    """Layers that are measured together, and where they come from."""

    name: str
    title: str
    source: str
    layers: tuple[Layer, ...]


def names() -> tuple[str, ...]:
    """Return the names of the suites that come with numconv."""
    found = (file.name.rpartition(".") for file in _folder().iterdir())
    return tuple(sorted(name for name, _, ending in found if ending == "toml"))


def _folder() -> Traversable:
    """Return the folder of the suites that come with numconv, which may lie in a zip."""
    if __package__:
        return resources.files(__package__) / "suites"
    return Path(__file__).parent / "suites"  # read by itself, from a checkout


def load(name: str) -> Suite:
    """Return the suite of this name, or the one in the file of this name.

    Raises
    ------
    SuiteError
        If there is no such suite, or the file does not hold one.
    """
    file = Path(name) if name.endswith(".toml") else _folder() / f"{name}.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        expected = "a .toml file or one of " + ", ".join(names())
        closest = get_close_matches(name, names(), n=1)
        expected += f"; did you mean {closest[0]!r}?" if closest else ""
        raise SuiteError(f"suite={name!r}: expected {expected}") from None
    try:
        return _suite(file.name.removesuffix(".toml"), tomllib.loads(text))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise SuiteError(f"suite={name!r}: expected a suite, but it has {reason}") from None


def _suite(name: str, data: Mapping[str, Any]) -> Suite:
    layers = tuple(layer_from(each) for each in data["layers"])
    if not layers:
        raise ValueError("no layers")
    seen = [layer.name for layer in layers]
    twice = next((each for each in seen if seen.count(each) > 1), None)
    if twice is not None:
        raise ValueError(f"two layers called {twice!r}")
    return Suite(name, data.get("title", name), data.get("source", ""), layers)


def layer_from(data: Mapping[str, Any]) -> Layer:
    """Return the layer that was written as TOML, or as JSON."""
    unknown = set(data) - set(Layer.__dataclass_fields__)
    if unknown:
        raise ValueError(f"an unknown key {sorted(unknown)[0]!r} in layer {data.get('name')!r}")
    return Layer(
        name=data["name"],
        function=data["function"],
        operands=tuple(tuple(shape) for shape in data["operands"]),
        parameters={key: _tuples(value) for key, value in data.get("parameters", {}).items()},
        dtype=data.get("dtype", "float32"),
        count=data.get("count", 1),
    )


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
