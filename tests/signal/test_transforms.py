"""Which method is chosen goes by what the chosen algorithm says of itself, not by its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import numconv
from numconv import signal
from numconv.core import dispatch, plugins
from numconv.core.contract import Guarded
from numconv.core.optional import uses_transforms
from numconv.core.protocol import Algorithm, Plan, Status

ONE, OTHER = np.ones(50), np.ones(7)


class Mine(Algorithm):
    """An algorithm that is chosen, and says whether it goes through transforms."""

    name = "mine"

    def __init__(self, transforms: Any) -> None:
        if transforms is not None:
            self.transforms = transforms

    def refusal(self, problem: Any) -> str | None:
        return None

    def cost(self, problem: Any) -> float:
        return 0.0

    def plan(self, problem: Any) -> Plan:
        raise AssertionError("the choice needs no plan")


class Place:
    name, device, priority = "place", "cpu", 1000

    def __init__(self, algorithm: Algorithm) -> None:
        self._algorithm = algorithm

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        return (self._algorithm,)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let the dispatcher see this backend, as a stranger's, and no other."""

    def put(place: Place) -> None:
        monkeypatch.setattr(plugins, "backends", lambda: {"place": Guarded(place)})
        numconv.release_memory()
        dispatch.forget()

    yield put
    monkeypatch.undo()
    numconv.release_memory()
    dispatch.forget()


@pytest.mark.parametrize(
    ("transforms", "method"), [(True, "fft"), (False, "direct"), (None, "direct")]
)
def test_the_method_goes_by_the_algorithm(install: Any, transforms: Any, method: str) -> None:
    install(Place(Mine(transforms)))
    assert signal.choose_conv_method(ONE, OTHER) == method
    integers = ONE.astype(np.int32), OTHER.astype(np.int32)
    assert signal.choose_conv_method(*integers) == method


def test_algorithms_of_transforms_say_so() -> None:
    problem = numconv.explain("conv1d", (1, 1, 4096), (1, 1, 100)).stages[0].problem
    algorithms = plugins.backend("cpu").algorithms(problem)
    assert {each.name for each in algorithms if uses_transforms(each)} == {"fft", "spectral"}
