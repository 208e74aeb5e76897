"""Arrays in the memory of another device, with a device made for the test."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv
from numconv import prepared
from numconv.core import arrays, dispatch, places, plugins, tuning
from numconv.core.operators.convolution import reference
from numconv.core.protocol import Algorithm, Array, Backend, Plan, Status

X = np.arange(2 * 3 * 6 * 5, dtype="float32").reshape(2, 3, 6, 5)
WEIGHT = np.linspace(-1, 1, 4 * 3 * 3 * 3).astype("float32").reshape(4, 3, 3, 3)


@dataclass(eq=False)
class Boxed:
    """A stranger's array: only its backend knows what to do with it."""

    values: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> Any:
        return self.values.dtype


class Inside:
    """What the backend makes of it."""

    def __init__(self, values: Array, owner: Any = None) -> None:
        self.values, self.owner = values, owner
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def reshape(self, shape: tuple[int, ...]) -> Inside:
        return Inside(self.values.reshape(shape), self.owner)

    def copy(self) -> Inside:
        return Inside(self.values.copy())


class BoxMemory:
    device = "box"

    def adapt(self, argument: str, value: Any) -> Inside:
        return Inside(value.values, value)

    def plain(self, array: Inside) -> Inside:
        return Inside(np.ascontiguousarray(array.values))

    def is_plain(self, array: Inside) -> bool:
        return bool(array.values.flags.c_contiguous)

    def new_output(self, shape: Any, dtype: Any) -> Callable[[], Inside]:
        def fresh() -> Inside:
            box = Boxed(np.full(shape, np.nan, dtype))
            return Inside(box.values, box)

        return fresh

    def check_out(self, out: Any, shape: Any, dtype: str, operands: Any) -> Inside:
        inner = tuple(None if each is None else each.values for each in operands)
        arrays.check_out(out.values, shape, dtype, inner)
        return self.adapt("out", out)

    def copy(self, target: Inside, source: Inside) -> None:
        target.values[...] = source.values

    def restorer(self, value: Any) -> Callable[[Inside], Any]:
        return lambda array: array.owner


MEMORY = BoxMemory()


class Naive(Algorithm):
    name = "naive"

    def refusal(self, problem: Any) -> str | None:
        return None

    def cost(self, problem: Any) -> float:
        return 1.0

    def plan(self, problem: Any) -> Plan:
        return NaivePlan(problem)


class NaivePlan(Plan):
    workspace_bytes = 0

    def __init__(self, problem: Any) -> None:
        self._problem = problem

    def __call__(self, *given: Any, out: Any) -> None:
        assert all(type(each) is Inside for each in (*given, out))
        assert out.shape == self._problem.result_shape
        out.values[...] = reference(self._problem, *(each.values for each in given))

    def describe(self) -> str:
        return "in a box"


class BoxBackend(Backend):
    name = device = "box"
    priority = 500
    state: Any = "ready"

    def status(self) -> Status:
        return Status(self.state, "the box is shut", "open it")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        return (Naive(),)

    def holds(self, value: Any) -> bool:
        return isinstance(value, Boxed)

    def memory(self, value: Any) -> BoxMemory:
        return MEMORY

    def remedy(self) -> str:
        return "put it into a box"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let there be a backend `box` beside the others."""
    backend = BoxBackend()
    both = {"box": backend, **plugins.backends()}
    monkeypatch.setattr(plugins, "backends", lambda: both)
    dispatch.forget()
    yield backend
    dispatch.forget()


class Glancing(BoxMemory):
    """A box whose arrays are told at a glance."""

    def __init__(self) -> None:
        self.adapted: list[str] = []

    def adapt(self, argument: str, value: Any) -> Inside:
        self.adapted.append(argument)
        return super().adapt(argument, value)

    def glance(self, value: Any) -> Any:
        if not value.values.flags.c_contiguous:
            return None
        return (value.shape, value.dtype), Inside(value.values, value)


class Bench(BoxMemory):
    """A box in which plans are timed: what is enqueued takes its time when it is waited for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pending = 0.0
        self.waits = 0

    def put(self, array: Array) -> Inside:
        return Inside(array.copy())

    def finish(self) -> None:
        self.waits += 1
        time.sleep(self.pending)
        self.pending = 0


class Enqueued(Naive):
    """An algorithm that is as slow as it says, and whose estimate is wrong."""

    def __init__(self, name: str, seconds: float, estimate: float, backend: Any) -> None:
        self.name, self.seconds, self.estimate, self.backend = name, seconds, estimate, backend

    def cost(self, problem: Any) -> float:
        return self.estimate

    def plan(self, problem: Any) -> Plan:
        return EnqueuedPlan(problem, self)


class EnqueuedPlan(NaivePlan):
    def __init__(self, problem: Any, algorithm: Enqueued) -> None:
        super().__init__(problem)
        self._algorithm = algorithm

    def __call__(self, *given: Any, out: Any) -> None:
        super().__call__(*given, out=out)
        backend = self._algorithm.backend
        backend.bench.pending += self._algorithm.seconds
        backend.calls.append(self._algorithm.name)


class BenchBackend(BoxBackend):
    def __init__(self) -> None:
        self.bench = Bench("box 1")
        self.calls: list[str] = []
        self.all = (Enqueued("slow", 0.005, 1.0, self), Enqueued("fast", 0.0, 2.0, self))

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        return self.all

    def memory(self, value: Any) -> BoxMemory:
        return self.bench


def expected() -> Array:
    return numconv.conv2d(X, WEIGHT, algorithm="naive", backend="reference")


def test_auto_follows_the_arrays_and_the_result_is_of_their_kind(box: Any) -> None:
    result = numconv.conv2d(Boxed(X), Boxed(WEIGHT))
    assert type(result) is Boxed
    np.testing.assert_array_equal(result.values, expected())
    assert type(numconv.conv2d(X, WEIGHT)) is np.ndarray


def test_the_batch_axis_may_be_missing(box: Any) -> None:
    result = numconv.conv2d(Boxed(X[0]), Boxed(WEIGHT))
    np.testing.assert_array_equal(result.values, expected()[0])


def test_views_are_made_contiguous(box: Any) -> None:
    wide = np.repeat(X, 2, axis=3)
    result = numconv.conv2d(Boxed(wide[..., ::2]), Boxed(WEIGHT))
    np.testing.assert_array_equal(result.values, expected())


def test_out_is_written_and_returned_contiguous_or_not(box: Any) -> None:
    for room in (np.empty((2, 4, 4, 3), "float32"), np.empty((2, 4, 4, 6), "float32")[..., ::2]):
        out = Boxed(room)
        assert numconv.conv2d(Boxed(X), Boxed(WEIGHT), out=out) is out
        np.testing.assert_array_equal(room, expected())


def test_a_plan_keeps_a_weight_there(box: Any) -> None:
    plan = numconv.plan("conv2d", X.shape, Boxed(WEIGHT))
    assert plan.describe() == "box/naive: in a box"
    np.testing.assert_array_equal(plan(Boxed(X)).values, expected())
    with pytest.raises(numconv.ArgumentTypeError, match=r"operands.0.*memory of 'box', as planned"):
        plan(X)


def test_a_plan_there_is_copied_and_not_pickled(box: Any) -> None:
    plan = numconv.plan("conv2d", X.shape, Boxed(WEIGHT))
    np.testing.assert_array_equal(copy.deepcopy(plan)(Boxed(X)).values, expected())
    with pytest.raises(numconv.BackendError, match="memory of 'box' cannot be pickled: plan there"):
        pickle.dumps(plan)


def test_explain_says_what_would_run(box: Any) -> None:
    explained = numconv.explain("conv2d", Boxed(X), Boxed(WEIGHT))
    assert explained.stages[0].backend == "box"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: numconv.conv2d(Boxed(X), WEIGHT), "weight=.*memory of 'box', where x lies"),
        (lambda: numconv.conv2d(X, Boxed(WEIGHT)), "weight=.*memory of 'cpu', where x lies"),
        (lambda: numconv.conv2d(X, WEIGHT, backend="box"), "x is in .*: put it into a box, or"),
        (lambda: numconv.conv2d(Boxed(X), Boxed(WEIGHT), backend="cpu"), "x lies in that of 'box'"),
        (lambda: numconv.conv2d(Boxed(X), Boxed(WEIGHT), tune=True), "tune=True: expected False"),
        (lambda: numconv.plan("conv2d", X.shape, WEIGHT, backend="box"), "put it into a box"),
    ],
    ids=["mixed", "mixed_other", "host_to_device", "device_to_host", "tune", "plan"],
)
def test_arrays_elsewhere_are_refused(box: Any, call: Any, message: str) -> None:
    with pytest.raises(numconv.NumconvError, match=message):
        call()


def test_a_call_made_before_takes_a_glance(box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Glancing()
    monkeypatch.setattr(box, "memory", lambda value: memory)
    monkeypatch.setattr(places, "glances", {})
    for module in (dispatch, prepared):
        monkeypatch.setattr(module, "glances", places.glances)
    wide = Boxed(np.repeat(X, 2, axis=3)[..., ::2])
    calls = ((Boxed(X), 2), (Boxed(X), 0), (wide, 2), (Boxed(X), 0))
    for x, looked_at in calls:
        memory.adapted.clear()
        result = numconv.conv2d(x, Boxed(WEIGHT))
        assert type(result) is Boxed
        np.testing.assert_array_equal(result.values, expected())
        assert len(memory.adapted) == looked_at
    memory.adapted.clear()
    out = Boxed(np.empty_like(expected()))
    assert numconv.conv2d(Boxed(X), Boxed(WEIGHT), out=out) is out
    assert memory.adapted == ["out"]
    np.testing.assert_array_equal(out.values, expected())
    plan = numconv.plan("conv2d", X.shape, Boxed(WEIGHT))
    for looked_at in (1, 0):
        memory.adapted.clear()
        np.testing.assert_array_equal(plan(Boxed(X)).values, expected())
        assert len(memory.adapted) == looked_at


def test_plans_are_timed_where_the_arrays_lie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path))
    due, backend = expected(), BenchBackend()
    monkeypatch.setattr(plugins, "backends", lambda: {"box": backend})
    dispatch.forget()
    result = numconv.conv2d(Boxed(X), Boxed(WEIGHT), tune=True)
    np.testing.assert_array_equal(result.values, due)
    assert backend.calls[-1] == "fast"
    assert 0 < backend.bench.waits < len(backend.calls)
    # It is remembered, for boxes of this name.
    for name, again in (("box 1", False), ("box 2", True)):
        dispatch.forget()
        backend.calls.clear()
        backend.bench.name = name
        numconv.conv2d(Boxed(X), Boxed(WEIGHT), tune=True)
        assert ("slow" in backend.calls) == again
    dispatch.forget()


def test_a_backend_that_is_away_says_why(box: Any) -> None:
    box.state = "unavailable"
    with pytest.raises(numconv.BackendError, match="'box' is unavailable: the box is shut; open"):
        numconv.conv2d(Boxed(X), Boxed(WEIGHT))


def test_what_nobody_holds_is_no_array() -> None:
    with pytest.raises(numconv.ArgumentTypeError, match="x="):
        numconv.conv2d(Boxed(X), WEIGHT)


class Sharer(Backend):
    """A backend that computes on another's arrays: it holds none, and makes none."""

    device, priority = "box", 400

    def __init__(self, name: str = "sharer", **members: Any) -> None:
        self.name = name
        self.calls: list[str] = []
        vars(self).update(members)

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        return (Noting(self),)


class Noting(Naive):
    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def plan(self, problem: Any) -> Plan:
        self._backend.calls.append(problem.dtype)
        return super().plan(problem)


class Asked(BoxBackend):
    """A backend with boxes that counts how often it is asked whether it holds a value."""

    def __init__(self, name: str, priority: int, state: str = "ready") -> None:
        self.name, self.priority, self.state = name, priority, state
        self.asked = 0

    def holds(self, value: Any) -> bool:
        self.asked += 1
        return super().holds(value)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that lets these backends be known, besides the others."""
    others = plugins.backends()

    def know(*backends: Any) -> None:
        found = {each.name: each for each in backends} | others
        by_priority = sorted(found.items(), key=lambda item: -item[1].priority)
        monkeypatch.setattr(plugins, "backends", lambda: dict(by_priority))
        dispatch.forget()

    yield know
    dispatch.forget()


@pytest.mark.parametrize("priority", [400, 600], ids=["lower", "higher"])
def test_a_backend_computes_on_arrays_that_another_holds(known: Any, priority: int) -> None:
    due, sharer = expected(), Sharer(priority=priority)
    known(BoxBackend(), sharer)
    result = numconv.conv2d(Boxed(X), Boxed(WEIGHT))
    np.testing.assert_array_equal(result.values, due)
    assert len(sharer.calls) == (priority == 600)
    result = numconv.conv2d(Boxed(X), Boxed(WEIGHT), backend="sharer")
    np.testing.assert_array_equal(result.values, due)
    assert sharer.calls
    names = [
        each.backend
        for each in numconv.explain("conv2d", Boxed(X), Boxed(WEIGHT)).stages[0].candidates
    ]
    assert sorted(names) == ["box", "sharer"]
    with pytest.raises(numconv.BackendError, match=r"'sharer' computes .* put it into"):
        numconv.conv2d(X, WEIGHT, backend="sharer")


def test_one_backend_of_a_memory_is_asked_and_makes_its_arrays(known: Any) -> None:
    first, second = Asked("first", 500), Asked("second", 400)
    known(first, second)
    numconv.conv2d(Boxed(X), Boxed(WEIGHT))
    assert (first.asked, second.asked) == (2, 0)


def test_arrays_are_known_while_one_that_shares_their_memory_works(known: Any) -> None:
    due = expected()
    away, second = Asked("away", 500, "unavailable"), Asked("second", 400)
    known(away, second)
    np.testing.assert_array_equal(numconv.conv2d(Boxed(X), Boxed(WEIGHT)).values, due)
    assert away.asked == 0
    second.state = "unavailable"
    dispatch.forget()
    with pytest.raises(numconv.BackendError, match="'away' is unavailable: the box is shut"):
        numconv.conv2d(Boxed(X), Boxed(WEIGHT))


class Barrelled(Boxed):
    """An array of the same device in another library's memory."""


class BarrelMemory(BoxMemory):
    device = "barrel"


class Barrels(Asked):
    memory_name = "barrel"

    def holds(self, value: Any) -> bool:
        return type(value) is Barrelled

    def memory(self, value: Any) -> BoxMemory:
        return BarrelMemory()


class Boxes(Asked):
    def holds(self, value: Any) -> bool:
        return type(value) is Boxed


def test_two_memories_of_one_device_are_not_mixed(known: Any) -> None:
    known(Boxes("boxes", 400), Barrels("barrels", 500), Sharer(memory_name="barrel", priority=600))
    for kind, backends in ((Boxed, {"boxes"}), (Barrelled, {"barrels", "sharer"})):
        stage = numconv.explain("conv2d", kind(X), kind(WEIGHT)).stages[0]
        assert {each.backend for each in stage.candidates} == backends
    numconv.conv2d(Barrelled(X), Barrelled(WEIGHT))
    with pytest.raises(numconv.ArgumentTypeError, match="of 'barrel', where x lies"):
        numconv.conv2d(Barrelled(X), Boxed(WEIGHT))
    with pytest.raises(numconv.BackendError, match="of 'barrel', and x lies in that of 'box'"):
        numconv.conv2d(Boxed(X), Boxed(WEIGHT), backend="barrels")


def test_those_that_share_a_memory_compete_when_tuned(
    known: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path))
    keeper, sharer = BenchBackend(), Sharer()
    keeper.put, keeper.finish = lambda array: Boxed(array.copy()), keeper.bench.finish
    keeper.fetch = lambda value: value.values
    keeper.all = (Enqueued("slow", 0.005, 1.0, keeper), Enqueued("fast", 0.001, 2.0, keeper))
    own = (Enqueued("late", 0.002, 1.0, sharer), Enqueued("quick", 0.0, 2.0, sharer))
    sharer.bench, sharer.algorithms = keeper.bench, lambda problem: own
    known(keeper, sharer)
    numconv.conv2d(Boxed(X), Boxed(WEIGHT), tune=True)
    assert ("slow" in keeper.calls, sharer.calls[-1]) == (True, "quick")
    keeper.calls.clear()
    problem = numconv.explain("conv2d", Boxed(X), Boxed(WEIGHT)).stages[0].problem
    assert tuning.tune(problem, "sharer").choice.name == "sharer/quick"
    assert keeper.calls == []
