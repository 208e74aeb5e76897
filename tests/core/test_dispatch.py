"""The dispatcher's choice, its cache and its explanations, with backends made for the test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import dispatch, plugins
from numconv.core.operators.convolution import reference
from numconv.core.protocol import Algorithm, Array, Plan, Status

X = np.arange(2 * 3 * 6 * 5, dtype="float32").reshape(2, 3, 6, 5)
WEIGHT = np.linspace(-1, 1, 4 * 3 * 3 * 3).astype("float32").reshape(4, 3, 3, 3)


class Counting(Algorithm):
    """The naive reference, which counts how often it plans and is called."""

    def __init__(
        self, name: str, seconds: float, refusal: str | None = None, last: bool = False
    ) -> None:
        self.name, self.seconds, self._refusal, self.last_resort = name, seconds, refusal, last
        self.planned = self.called = 0

    def refusal(self, problem: Any) -> str | None:
        return self._refusal

    def cost(self, problem: Any) -> float:
        return self.seconds

    def plan(self, problem: Any) -> Plan:
        self.planned += 1
        return CountingPlan(self, problem)


class CountingPlan(Plan):
    workspace_bytes = 0

    def __init__(self, algorithm: Counting, problem: Any) -> None:
        self._algorithm, self._problem = algorithm, problem

    def __call__(self, *arrays: Any, out: Array) -> None:
        self._algorithm.called += 1
        out[...] = reference(self._problem, *arrays)

    def describe(self) -> str:
        return f"by {self._algorithm.name}"


class Place:
    """A backend with the algorithms it is given."""

    device = "cpu"

    def __init__(
        self, name: str, priority: int, *algorithms: Counting, state: Any = "ready"
    ) -> None:
        self.name, self.priority, self._algorithms, self._state = name, priority, algorithms, state

    def status(self) -> Status:
        return Status(self._state, "its machine is away", "bring it")

    def algorithms(self, problem: Any) -> Sequence[Counting]:
        return self._algorithms


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let the dispatcher see these backends and no others."""

    def put(*places: Place) -> None:
        by_priority = sorted(places, key=lambda place: -place.priority)
        monkeypatch.setattr(plugins, "backends", lambda: {each.name: each for each in by_priority})
        dispatch.forget()

    yield put
    dispatch.forget()


def test_auto_takes_the_least_cost_of_the_highest_priority(install: Any) -> None:
    slow, fast, faster_elsewhere = Counting("slow", 2), Counting("fast", 1), Counting("far", 0.1)
    install(Place("high", 10, slow, fast), Place("low", 5, faster_elsewhere))
    numconv.conv2d(X, WEIGHT)
    assert (slow.called, fast.called, faster_elsewhere.called) == (0, 1, 0)


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_equal_priorities_are_decided_by_cost_not_by_name_or_order(
    install: Any, names: str
) -> None:
    slow, fast, far = Counting("slow", 2), Counting("fast", 1), Counting("far", 0.1)
    install(Place(names[0], 10, slow), Place(names[1], 10, slow, fast), Place("low", 5, far))
    numconv.conv2d(X, WEIGHT)
    assert (slow.called, fast.called, far.called) == (0, 1, 0)
    stage = numconv.explain("conv2d", X, WEIGHT).stages[0]
    assert (stage.backend, stage.algorithm) == (names[1], "fast")
    assert stage.reason == "least estimated time of 3: 1.00 s"


def test_equal_priorities_and_costs_are_decided_by_name(install: Any) -> None:
    one, other, never = Counting("one", 1), Counting("other", 1), Counting("never", 1)
    install(Place("b", 10, other), Place("a", 10, one, never))
    numconv.conv2d(X, WEIGHT)
    assert (one.called, other.called, never.called) == (1, 0, 0)


def test_a_last_resort_waits_for_whatever_is_fast_on_the_device(install: Any) -> None:
    loops, fast, far = Counting("loops", 0.1, last=True), Counting("fast", 9), Counting("far", 1)
    install(Place("a", 10, loops), Place("b", 10, fast), Place("low", 5, far))
    numconv.conv2d(X, WEIGHT)
    assert (loops.called, fast.called, far.called) == (0, 1, 0)
    install(Place("a", 10, loops), Place("low", 5, far))
    numconv.conv2d(X, WEIGHT)
    assert (loops.called, far.called) == (0, 1)
    naive = Counting("naive", 1e-9, last=True)
    install(Place("a", 10, loops), Place("reference", 0, naive), Place("peer", -1, fast))
    with pytest.warns(numconv.PerformanceWarning, match="a/loops"):
        numconv.conv2d(X, WEIGHT)


def test_auto_goes_down_when_the_higher_backend_refuses_or_is_away(install: Any) -> None:
    never, there = Counting("never", 0.1), Counting("there", 1)
    refusing = Counting("refusing", 0.1, "too odd")
    install(
        Place("away", 20, never, state="unavailable"),
        Place("picky", 10, refusing),
        Place("low", 5, there),
    )
    numconv.conv2d(X, WEIGHT)
    assert (never.called, refusing.called, there.called) == (0, 0, 1)


def test_a_name_never_falls_back(install: Any) -> None:
    refusing, good = Counting("refusing", 1, "it is too odd"), Counting("good", 1)
    install(
        Place("here", 10, refusing, good),
        Place("elsewhere", 5, Counting("other", 1)),
        Place("away", 1, good, state="unavailable"),
    )
    with pytest.raises(numconv.RefusedError, match="here/refusing: it is too odd"):
        numconv.conv2d(X, WEIGHT, algorithm="refusing")
    with pytest.raises(numconv.RefusedError, match="it is too odd"):
        numconv.conv2d(X, WEIGHT, backend="here", algorithm="refusing")
    with pytest.raises(numconv.BackendError, match="its machine is away; bring it"):
        numconv.conv2d(X, WEIGHT, backend="away")
    with pytest.raises(numconv.ArgumentError, match="algorithm='other'"):
        numconv.conv2d(X, WEIGHT, backend="here", algorithm="other")
    with pytest.raises(numconv.ArgumentError, match="backend='nowhere'"):
        numconv.conv2d(X, WEIGHT, backend="nowhere")
    assert good.called == 0


def test_a_name_is_taken_even_where_it_costs_more(install: Any) -> None:
    slow, fast = Counting("slow", 9), Counting("fast", 1)
    install(Place("here", 10, slow, fast))
    numconv.conv2d(X, WEIGHT, algorithm="slow")
    assert (slow.called, fast.called) == (1, 0)


def test_the_last_resort_is_taken_last_and_warns_once(install: Any) -> None:
    loops, refusing = Counting("loops", 1e-9, last=True), Counting("quick", 1, "not this one")
    install(Place("here", 10, refusing, loops))
    with pytest.warns(numconv.PerformanceWarning, match="here/loops") as caught:
        numconv.conv2d(X, WEIGHT)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numconv.conv2d(X, WEIGHT, padding=1)
    assert loops.called == 2


def test_the_last_resort_is_not_taken_while_another_accepts(install: Any) -> None:
    loops, slow = Counting("loops", 1e-9, last=True), Counting("slow", 100)
    install(Place("here", 10, loops, slow))
    numconv.conv2d(X, WEIGHT)
    assert (loops.called, slow.called) == (0, 1)


def test_the_same_call_again_does_not_plan_again(install: Any) -> None:
    only = Counting("only", 1)
    install(Place("here", 10, only))
    for _ in range(3):
        numconv.conv2d(X, WEIGHT, None, 1, 1)
    assert (only.planned, only.called) == (1, 3)
    numconv.conv2d(X, WEIGHT, None, (1, 1), 1)
    numconv.conv2d(X[:1], WEIGHT, None, 1, 1)
    numconv.conv2d(X.astype("float64"), WEIGHT.astype("float64"), None, 1, 1)
    assert only.planned == 4


@pytest.mark.parametrize("bad", [1.0, True, (1, True), (1.0, 1), np.float32(1)], ids=repr)
def test_what_equals_the_parameter_of_the_last_call_is_not_the_same(bad: Any) -> None:
    for _ in range(2):
        numconv.conv2d(X, WEIGHT, None, 1)
        numconv.conv2d(X, WEIGHT, None, (1, 1))
    with pytest.raises(numconv.ArgumentTypeError, match="stride"):
        numconv.conv2d(X, WEIGHT, None, bad)


def _read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


class Subclass(np.ndarray[Any, Any]):
    pass


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda x: x.astype(">f4"), id="swapped"),
        pytest.param(_read_only, id="read_only"),
        pytest.param(np.asfortranarray, id="fortran"),
        pytest.param(lambda x: np.repeat(x, 2, axis=3)[..., ::2], id="strided"),
        pytest.param(lambda x: x.view(Subclass), id="subclass"),
        pytest.param(lambda x: x[:1], id="other_shape"),
        pytest.param(lambda x: x[0], id="no_batch"),
    ],
)
@pytest.mark.parametrize("first", ["plain", "other"])
def test_arrays_of_another_kind_are_not_taken_for_those_of_the_last_call(
    other: Any, first: str
) -> None:
    x, weight = X.astype("float32"), WEIGHT.astype("float32")
    expected = numconv.conv2d(x, weight, backend="reference")
    same = other(x)
    for _ in range(3):
        for kind in ("plain", "other") if first == "plain" else ("other", "plain"):
            got = numconv.conv2d(x if kind == "plain" else same, weight)
            seen = expected.reshape(-1)[: got.size].reshape(got.shape)
            np.testing.assert_allclose(got, seen, rtol=1e-4, atol=1e-4)


def test_the_same_call_after_other_threads_were_set_is_planned_again(install: Any) -> None:
    only = Counting("only", 1)
    install(Place("here", 10, only))
    before = numconv.get_num_threads()
    try:
        for threads in (1, 2, 1, 2):
            numconv.set_num_threads(threads)
            numconv.conv2d(X, WEIGHT)
    finally:
        numconv.set_num_threads(before)
    assert (only.planned, only.called) == (2, 4)


class PerThread(Counting):
    """An algorithm that costs less with more threads, of which somebody changes the number."""

    def cost(self, problem: Any) -> float:
        threads = numconv.get_num_threads()
        numconv.set_num_threads(3 - threads if threads < 3 else 1)
        return self.seconds / threads

    def plan(self, problem: Any) -> Plan:
        self.threads = numconv.get_num_threads()
        return super().plan(problem)


@pytest.mark.parametrize("begin", [1, 2])
def test_costs_are_compared_with_one_number_of_threads(install: Any, begin: int) -> None:
    fast, slow = PerThread("fast", 1.0), PerThread("slow", 1.5)
    install(Place("place", 1, slow, fast))
    before = numconv.get_num_threads()
    try:
        for call in (
            lambda: numconv.conv2d(X, WEIGHT),
            lambda: numconv.conv2d(X[0], WEIGHT, out=np.empty((4, 4, 3), "float32")),
            lambda: numconv.plan("conv2d", X.shape, WEIGHT)(X),
        ):
            numconv.set_num_threads(begin)
            call()
            assert fast.threads == begin
        numconv.set_num_threads(begin)
        chosen = numconv.explain("conv2d", X, WEIGHT).stages[0]
    finally:
        numconv.set_num_threads(before)
    assert (fast.planned, slow.planned) == (4, 0)
    assert chosen.algorithm == "fast"


def test_lists_are_as_good_as_tuples_as_parameters(install: Any) -> None:
    only = Counting("only", 1)
    install(Place("here", 10, only))
    first = numconv.conv2d(X, WEIGHT, None, (2, 1), ((0, 1), (1, 0)))
    again = numconv.conv2d(X, WEIGHT, None, [2, 1], [[0, 1], [1, 0]])
    assert np.array_equal(first, again)
    assert only.planned == 1


def test_explain_lists_candidates_and_refusals(install: Any) -> None:
    refusing, good = Counting("refusing", 1, "it is too odd"), Counting("good", 0.5)
    install(
        Place("here", 10, refusing, good),
        Place("elsewhere", 5, Counting("other", 1)),
        Place("away", 1, good, state="unavailable"),
    )
    stage = numconv.explain("conv2d", X.shape, WEIGHT.shape).stages[0]
    assert (stage.backend, stage.algorithm) == ("here", "good")
    text = str(stage)
    for part in ("it is too odd", "elsewhere/other", "its machine is away", "by good"):
        assert part in text
    assert stage.macs == 2 * 4 * 4 * 3 * 27
    assert (refusing.called, good.called) == (0, 0)


def test_explain_says_what_the_call_then_does() -> None:
    explained = numconv.explain("conv2d", (1, 8, 20, 20), (8, 1, 3, 3), groups=8, padding=1)
    described = numconv.plan("conv2d", (1, 8, 20, 20), (8, 1, 3, 3), groups=8, padding=1).describe()
    stage = explained.stages[0]
    assert described.startswith(f"{stage.backend}/{stage.algorithm}: ")
    assert explained.result_shape == (1, 8, 20, 20)
    assert explained.to_dict()["stages"][0]["algorithm"] == stage.algorithm


def test_a_peer_is_reached_by_its_own_name_alone(install: Any) -> None:
    """One of negative priority is there for comparison, whatever its algorithms are called."""
    refusing, peer = Counting("fft", 1, "the kernel is too small"), Counting("fft", 0.1)
    only = Counting("unfold", 0.1)
    install(Place("ours", 10, refusing, Counting("direct", 2)), Place("peer", -1, peer, only))
    for call in (
        lambda **named: numconv.conv2d(X, WEIGHT, **named),
        lambda **named: numconv.conv2d(X, WEIGHT, tune=True, **named),
        lambda **named: numconv.plan("conv2d", X.shape, WEIGHT, **named)(X),
        lambda **named: numconv.explain("conv2d", X, WEIGHT, **named),
    ):
        with pytest.raises(numconv.RefusedError, match="too small; backend='peer' has one of this"):
            call(algorithm="fft")
        with pytest.raises(numconv.ArgumentError, match="direct; backend='peer' has one of this"):
            call(algorithm="unfold")
        assert (peer.called, only.called) == (0, 0)
        call(backend="peer", algorithm="fft")
        call(backend="peer", algorithm="unfold")
        peer.called = only.called = 0


def test_a_peer_is_explained_beside_the_others(install: Any) -> None:
    install(Place("ours", 10, Counting("direct", 2)), Place("peer", -1, Counting("fft", 0.1)))
    stage = numconv.explain("conv2d", X, WEIGHT).stages[0]
    assert (stage.backend, stage.algorithm) == ("ours", "direct")
    assert ("peer", "fft", 0.1) in [(c.backend, c.algorithm, c.seconds) for c in stage.candidates]


def test_a_named_algorithm_is_that_of_the_backend_which_would_be_chosen(install: Any) -> None:
    high, low = Counting("same", 2), Counting("same", 1)
    install(Place("high", 10, Counting("quick", 1), high), Place("low", 5, low))
    numconv.conv2d(X, WEIGHT, algorithm="same")
    assert (high.called, low.called) == (1, 0)


def test_the_backend_which_would_be_chosen_is_one_that_accepts_the_problem(install: Any) -> None:
    high, low = Counting("same", 1, "takes none"), Counting("same", 1)
    install(Place("high", 10, high), Place("low", 5, low))
    numconv.conv2d(X, WEIGHT, algorithm="same")
    assert low.called == 1


def test_a_named_algorithm_that_refuses_is_not_anothers_of_this_name(install: Any) -> None:
    theirs = Counting("same", 1)
    install(
        Place("ours", 10, Counting("same", 1, "the kernel is odd"), Counting("direct", 2)),
        Place("third", 5, theirs),
        Place("away", 3, theirs, state="unavailable"),
        Place("other", 0, Counting("else", 1)),
    )
    with pytest.raises(numconv.RefusedError, match="ours/same: the kernel is odd; ") as refused:
        numconv.conv2d(X, WEIGHT, algorithm="same")
    assert str(refused.value).endswith("; backend='third' has one of this name")
    assert theirs.called == 0
    numconv.conv2d(X, WEIGHT, algorithm="same", backend="third")
    assert theirs.called == 1


def test_a_named_algorithm_that_only_others_have_names_them(install: Any) -> None:
    theirs = Counting("theirs", 1)
    install(
        Place("ours", 10, Counting("direct", 2)),
        *(Place("third", 0, theirs), Place("fourth", 0, theirs)),
    )
    with pytest.raises(numconv.ArgumentError, match="'auto' or one of backend 'ours': dir") as bad:
        numconv.conv2d(X, WEIGHT, algorithm="theirs")
    assert str(bad.value).endswith("; backend='third' or backend='fourth' has one of this name")
    with pytest.raises(numconv.ArgumentError, match="'ours': direct; did you mean 'direct'"):
        numconv.conv2d(X, WEIGHT, algorithm="dirct")
    assert theirs.called == 0


def test_a_named_algorithm_is_refused_where_all_refuse(install: Any) -> None:
    odd, even = Counting("odd", 1, "is odd"), Counting("even", 1, "is even")
    install(Place("high", 10, odd), Place("low", 5, even))
    with pytest.raises(numconv.RefusedError, match=r"algorithm='odd': high/odd: is odd$"):
        numconv.conv2d(X, WEIGHT, algorithm="odd")
    with pytest.raises(numconv.ArgumentError, match="'high': odd; backend='low' has one of this"):
        numconv.conv2d(X, WEIGHT, algorithm="even")
    with pytest.raises(numconv.RefusedError, match="high/odd: is odd; low/even: is even"):
        numconv.conv2d(X, WEIGHT)


def test_peers_alone_are_not_taken(install: Any) -> None:
    install(Place("peer", -1, Counting("fft", 0.1)))
    with pytest.raises(numconv.RefusedError, match="no algorithm"):
        numconv.conv2d(X, WEIGHT)


def test_integers_that_meet_no_sample_are_integers_still() -> None:
    """Sums of no products at all: a bias of 8 bits is widened all the same."""
    x, weight = np.zeros((1, 2, 0, 5), "int8"), np.ones((3, 2, 3, 3), "int8")
    bias = np.array([100, -100, 7], "int8")
    result = numconv.conv2d(x, weight, bias, padding=3)
    assert result.dtype == "int64"
    np.testing.assert_array_equal(result[0, :, 0, 0], [100, -100, 7])
