"""A stranger's algorithm has forms and problems of its own, and the laws are checked on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from numconv.core import contract, plugins
from numconv.core.errors import BackendError
from numconv.core.operators.convolution import reference
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Algorithm, Backend, Plan, Status
from numconv.core.reference import NaivePlan
from numconv.testing.catalogue import variants_of
from numconv.testing.verification import Request, checks_of, command, run

PROBLEM = ConvolutionProblem(1, 2, 3, (7, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))


class Form(Algorithm):
    """The definition, scaled a little in one of its forms."""

    def __init__(self, factor: float | None = None) -> None:
        self.name = "scaled" if factor is None else f"scaled-{factor}"
        self.factor = factor or 1

    def refusal(self, problem: Any) -> str | None:
        return None

    def cost(self, problem: Any) -> float:
        return 1.0

    def plan(self, problem: Any) -> Plan:
        return NaivePlan(problem, lambda *each: reference(*each) * np.float32(self.factor))

    def variants(self) -> Iterator[tuple[Algorithm, dict[str, ConvolutionProblem]]]:
        yield Form(2), {"small": PROBLEM}
        yield self, {"small": PROBLEM}


class Scaling(Backend):
    name, device, priority = "scaling", "cpu", -1

    def __init__(self, algorithm: Any) -> None:
        self.algorithm = algorithm

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> tuple[Algorithm, ...]:
        return (self.algorithm,) if isinstance(problem, ConvolutionProblem) else ()


@pytest.fixture
def scaling(monkeypatch: pytest.MonkeyPatch) -> Any:
    backend = contract.Guarded(Scaling(Form()))
    both = {"scaling": backend, **plugins.backends()}
    monkeypatch.setattr(plugins, "backends", lambda: both)
    return backend


def test_forms_are_verified_with_their_problems(scaling: Any) -> None:
    found = [(form.name, named.case, named.operator) for named, form in variants_of(scaling)]
    assert found == [("scaled-2", "small", "direct"), ("scaled", "small", "direct")]
    request = Request("scaling", op="direct", laws=("within_bound",), level="full")
    checks = [each for each in checks_of(request).checks if each.named.case == "small"]
    assert {each.algorithm.name: run(each).state for each in checks} == {
        "scaled": "kept",
        "scaled-2": "broken",
    }


def test_a_form_is_verified_by_its_name(scaling: Any) -> None:
    """As the command says that shows a broken law again."""
    text = command("scaling", "scaled-2", "within_bound", PROBLEM)
    problem = text.partition("--problem ")[2].strip("'")
    request = Request("scaling", "scaled-2", laws=("within_bound",), problem=problem)
    (check,) = checks_of(request).checks
    assert run(check).state == "broken"


def test_what_is_no_form_is_named() -> None:
    class Wrong(Form):
        def variants(self) -> Any:
            yield "a form", {}

    backend = contract.Guarded(Scaling(Wrong()))
    with pytest.raises(BackendError, match=r"algorithm 'scaled': variants\(\): it lacks name"):
        variants_of(backend)
