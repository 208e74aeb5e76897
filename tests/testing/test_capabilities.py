"""Of a stranger's problem those laws speak whose ability it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from numconv.core.types import Array
from numconv.testing.laws import laws_of

OF_ALL = {
    *("quiet", "contract", "written", "within_bound", "threads", "address", "views", "at_once"),
    *("non_finite", "workspace", "memory"),
}
OF_LINEAR = {"linear", "wide_range"}


@dataclass(frozen=True)
class Plain:
    """As little of a problem as laws ask for."""

    dtype: str = "float32"
    result_shape: tuple[int, ...] = (2, 3)


@dataclass(frozen=True)
class Strided(Plain):
    batch: int = 2
    stride: Any = (1,)


@dataclass(frozen=True)
class Linear(Plain):
    linear_in: tuple[int, ...] = (0, 1)

    def adjoint(self, operand: int) -> Linear | None:
        return self if operand == 0 else None

    def deltas(self) -> Array:
        return np.ones(1)


@pytest.mark.parametrize(
    ("problem", "besides"),
    [
        (Plain(), set()),
        (Strided(), {"empty_batch", "batch_position", "huge_stride"}),
        (Strided(stride=1), {"empty_batch", "batch_position"}),
        (Linear(), {*OF_LINEAR, "denormals", "adjoint", "delta"}),
        (Linear(linear_in=(1,)), {*OF_LINEAR, "adjoint", "delta"}),
        (Linear(linear_in=()), {"delta"}),
    ],
)
def test_a_law_goes_by_what_a_problem_has(problem: Any, besides: set[str]) -> None:
    assert {law.name for law in laws_of(problem)} == OF_ALL | besides


def test_of_nothing_there_is_little_to_say() -> None:
    named = {law.name for law in laws_of(Linear(result_shape=(0, 3)))}
    assert named == {"quiet", "contract", "written", "within_bound", "workspace"}
