"""The involution block as one problem, where a backend offers that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import dispatch, plugins
from numconv.core.operators.generated import reference
from numconv.core.problems import GeneratedInvolutionProblem
from numconv.core.protocol import Algorithm, Array, Backend, Plan, Status
from numconv.core.reference import NaivePlan

SHAPES = ((2, 6, 7, 9), (3, 6), (18, 3))
X, REDUCE, SPAN = (np.random.default_rng(0).standard_normal(shape) for shape in SHAPES)
STEPS = 3


class AtOnce(Algorithm):
    name = "at_once"
    refuses: str | None = None

    def refusal(self, problem: Any) -> str | None:
        return self.refuses

    def cost(self, problem: Any) -> float:
        return 1.0

    def plan(self, problem: Any) -> Plan:
        return NaivePlan(problem, reference)


class Offers(Backend):
    name, device, priority = "offers", "cpu", 500

    def __init__(self) -> None:
        self.algorithm = AtOnce()

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> tuple[Algorithm, ...]:
        return (self.algorithm,) if isinstance(problem, GeneratedInvolutionProblem) else ()


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Offers]:
    """Let there be a backend that has an algorithm for the whole."""
    backend = Offers()
    both = {"offers": backend, **plugins.backends()}
    monkeypatch.setattr(plugins, "backends", lambda: both)
    dispatch.forget()
    yield backend
    dispatch.forget()


def stages(**parameters: Any) -> list[str]:
    explained = numconv.explain("involution_block2d", *SHAPES, kernel_size=3, **parameters)
    return [stage.backend for stage in explained.stages]


def test_it_is_solved_in_steps_where_nobody_offers_more() -> None:
    assert len(stages()) == len(stages(backend="reference")) == STEPS


def test_a_backend_that_offers_it_gets_it(offers: Offers) -> None:
    assert stages() == ["cpu", "offers"]
    assert stages(padding=[[1, 1], [1, 1]], stride=[1, 1]) == ["cpu", "offers"]


def test_a_backend_that_is_named_is_kept_to(offers: Offers) -> None:
    assert stages(backend="cpu") == ["cpu"] * STEPS
    assert stages(backend="reference") == ["reference"] * STEPS


def test_a_refusal_leads_to_the_steps(offers: Offers) -> None:
    offers.algorithm.refuses = "not today"
    assert stages() == ["cpu"] * STEPS


@pytest.mark.parametrize(
    ("x", "parameters"),
    [
        (X, {"stride": 2, "span_bias": np.linspace(-1, 1, 18)}),
        (X[0], {"dilation": 2, "padding_mode": "reflect", "activation": "silu"}),
    ],
    ids=["biased", "unbatched"],
)
def test_the_result_is_that_of_the_definition(
    offers: Offers, x: Array, parameters: dict[str, Any]
) -> None:
    definition = plugins.operators()["involution_block"].reference
    due = definition(x, REDUCE, SPAN, kernel_size=3, **parameters)
    out = np.full(due.shape, np.nan)
    got = numconv.involution_block2d(x, REDUCE, SPAN, 3, out=out, **parameters)
    assert got is out
    np.testing.assert_allclose(got, due, rtol=1e-12, atol=1e-12)


def test_a_residual_is_added(offers: Offers) -> None:
    plain = numconv.involution_block2d(X, REDUCE, SPAN, 3)
    np.testing.assert_allclose(
        numconv.involution_block2d(X, REDUCE, SPAN, 3, residual=X), plain + X, atol=1e-12
    )


def test_what_does_not_fit_is_named(offers: Offers) -> None:
    with pytest.raises(numconv.ArgumentError, match="span_bias"):
        numconv.involution_block2d(X, REDUCE, SPAN, 3, span_bias=np.ones(17))
    with pytest.raises(numconv.ArgumentError, match="list"):
        numconv.involution_block2d(X, REDUCE, SPAN, 3, span_bias=[1.0] * 18)
    with pytest.raises(numconv.ArgumentError, match="hidden"):
        numconv.involution_block2d(X, REDUCE, SPAN, 3, padding=0)
