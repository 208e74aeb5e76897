"""What plugins may have besides the protocol: asked by type, in one place, and checked."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from numconv import plugin
from numconv.core import contract, optional, plugins
from numconv.core.problems import FilterProblem
from numconv.core.protocol import Operand
from numconv.testing.catalogue import problems_of
from numconv.testing.laws import laws_of

SOURCES = [
    path
    for folder in ("src/numconv", "plugins")
    for path in sorted((Path(__file__).parents[2] / folder).rglob("*.py"))
]
ABILITIES = {
    name: value
    for name, value in vars(optional).items()
    if inspect.isclass(value) and getattr(value, "_is_runtime_protocol", False)
}


def _members(ability: Any) -> set[str]:
    own = {name for name in vars(ability) if not name.startswith("_")}
    return own | set(inspect.get_annotations(ability))


def _asked(path: Path) -> Iterator[tuple[int, str]]:
    """Yield where an attribute is asked for by a name that is written out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            by_name = node.func.id in ("getattr", "hasattr") and len(node.args) > 1
            if by_name and isinstance(node.args[1], ast.Constant):
                yield node.lineno, str(node.args[1].value)


def test_no_ability_is_asked_for_by_a_string() -> None:
    members = set().union(*map(_members, ABILITIES.values())) - {"name"}
    assert {"prepare", "holds", "linear_in", "protocol"} <= members
    found = {
        f"{path.name}:{line}: {name}"
        for path in SOURCES
        for line, name in _asked(path)
        if name in members
    }
    assert found == set()


@pytest.mark.parametrize("name", ABILITIES)
def test_every_ability_is_public(name: str) -> None:
    assert getattr(plugin, name) is ABILITIES[name]


LINEAR = {"linear", "wide_range", "huge_stride"}
KEPT = {
    "convolution": LINEAR | {"delta", "accuracy", "adjoint", "denormals"},
    "involution": LINEAR | {"delta", "accuracy", "denormals"},
    "generated": LINEAR | {"denormals"},
    "generated_with_bias": LINEAR,
    "filter": {"linear", "wide_range"},
    "filter_filled": set(),
}


def _kind(problem: Any) -> str:
    kind = type(problem).__name__.removesuffix("Problem").lower()
    if isinstance(problem, FilterProblem):
        filled = problem.fill != 0 and "zeros" in problem.padding_modes
        return (
            f"filter_{'to_integers' if 'int' in problem.result_dtype else 'filled'}"
            if (filled or "int" in problem.result_dtype)
            else "filter"
        )
    if kind == "generatedinvolution":
        return "generated_with_bias" if problem.span_bias else "generated"
    return kind


def test_bundled_problems_get_the_laws_of_what_they_are() -> None:
    seen = set()
    for named in problems_of("full"):
        problem = named.problem
        if 0 in problem.result_shape or problem.dtype not in ("float32", "float64"):
            continue  # other laws speak of what is empty, and of integers
        kind = _kind(problem)
        seen.add(kind)
        speaking = {law.name for law in laws_of(problem)}
        assert speaking & set().union(*KEPT.values()) == KEPT[kind], named
    assert seen >= set(KEPT)


class Half:
    """A backend with some members of an ability and not the others."""

    name, device, priority = "half", "box", 10

    def status(self) -> Any:
        return plugin.Status("ready")

    def algorithms(self, problem: Any) -> Any:
        return ()

    def holds(self, value: Any) -> bool:
        return False

    def put(self, array: Any) -> Any:
        return array


def test_half_an_ability_is_a_fault() -> None:
    assert contract.backend_faults(Half()) == [
        "it lacks memory, which one has that is Placed",
        "it lacks remedy, which one has that is Placed",
        "it lacks fetch, which one has that is Moving",
        "it lacks finish, which one has that is Moving",
    ]


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("memory_name", 3, "its memory_name is 3: expected a name"),
        ("native", "f", "its native is 'f': expected callable"),
        ("roof", None, "its roof is None: expected callable"),
    ],
)
def test_abilities_are_of_their_types(name: str, value: Any, fault: str) -> None:
    backend = Half()
    setattr(backend, name, value)
    assert any(each.startswith(fault) for each in contract.backend_faults(backend))


@pytest.mark.parametrize("name", sorted(plugins.operators()))
def test_every_operator_has_an_example_for_a_shape(name: str) -> None:
    operator = plugins.operators()[name]
    axes = 3 if name == "separable" and "depth" in operator.operands else 2
    case = optional.example(operator, Operand((2, 12, 9, 8), "float32"), axes)
    assert case is not None
    needed = optional.needed_operands(operator)
    assert len(case.operands) == 1 + len(needed)
    assert set(optional.optional_operands(operator)) <= set(operator.operands)


def test_an_operator_that_takes_x_alone_needs_no_example() -> None:
    class Plain:
        operands = ("x",)

    x = Operand((1, 2, 3, 4), "float32")
    operator: Any = Plain()
    case = optional.example(operator, x, 2, kernel=3, out_channels=None, width=7)
    assert case is not None
    assert (case.operands, case.parameters) == ((x,), {"width": 7})
    operator.operands = ("x", "weight")
    assert optional.example(operator, x, 2) is None


def test_what_a_protocol_asks_for_may_be_set_and_is_missed_where_it_is_forgotten() -> None:
    class Mine(plugin.Plan):
        def __init__(self) -> None:
            self.workspace_bytes = 7

        def __call__(self, *arrays: Any, out: Any) -> None: ...

        def describe(self) -> str:
            return "mine"

    class Forgetful(Mine):
        def __init__(self) -> None:
            pass

    assert Mine().workspace_bytes == 7
    with pytest.raises(AttributeError, match="'Forgetful' object has no attribute 'workspace_b"):
        _ = Forgetful().workspace_bytes
