"""How contestants are written."""

from __future__ import annotations

import pytest

from numconv.benchmarking.contestants import Contestant
from numconv.core.errors import ArgumentError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cpu", Contestant("cpu")),
        ("cpu/direct", Contestant("cpu", "direct")),
        ("cpu+plan", Contestant("cpu", plan=True)),
        ("my-gpu.2/im2col+plan", Contestant("my-gpu.2", "im2col", True)),
    ],
)
def test_is_read_and_written(text: str, expected: Contestant) -> None:
    assert Contestant.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["", "/direct", "cpu/", "cpu+pla", "cpu/direct/x", "cpu +plan"])
def test_anything_else_is_an_error_with_the_argument(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"vs=.*BACKEND\[/ALGORITHM\]"):
        Contestant.parse(text, "vs")
