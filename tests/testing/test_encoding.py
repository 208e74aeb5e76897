"""Problems as text and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from numconv.core.errors import ArgumentError
from numconv.testing import problems_of
from numconv.testing.encoding import from_text, to_text

PROBLEMS = problems_of("full")


def test_every_problem_comes_back_equal() -> None:
    assert len({type(each.problem) for each in PROBLEMS}) >= 2
    assert any(each.problem.epilogue.activation for each in PROBLEMS)
    for each in PROBLEMS:
        assert from_text(to_text(each.problem)) == each.problem


def test_defaults_are_left_out() -> None:
    text = json.loads(to_text(PROBLEMS[0].problem))
    assert "dtype" not in text
    assert text["type"] == "ConvolutionProblem"


WHOLE: dict[str, Any] = json.loads(to_text(PROBLEMS[0].problem))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type": "Nothing"}',
        '{"type": "ConvolutionProblem"}',
        json.dumps({**WHOLE, "colour": 1}),
        json.dumps({**WHOLE, "dtype": "float31"}),
        json.dumps({**WHOLE, "epilogue": {"sugar": True}}),
        json.dumps({**WHOLE, "batch": "many"}),
        json.dumps({**WHOLE, "input_shape": 3}),
    ],
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(ArgumentError, match="expected"):
        from_text(text)
