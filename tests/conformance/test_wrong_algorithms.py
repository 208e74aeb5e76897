"""Algorithms with a defect each: the law that speaks of it must notice."""

from __future__ import annotations

import ctypes
import itertools
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from numconv.core import plugins
from numconv.core.problems import ConvolutionProblem, Epilogue, InvolutionProblem
from numconv.core.protocol import Array, Status
from numconv.core.threads import get_num_threads
from numconv.testing import LAWS, LAWS_OF_BACKENDS, Auto, Law, naive_reference

FORWARD = ConvolutionProblem(
    batch=2,
    in_channels=3,
    out_channels=4,
    input_shape=(9, 8),
    kernel_shape=(3, 3),
    stride=(2, 1),
    padding=((1, 2), (0, 1)),
    dilation=(1, 1),
)
GRADIENT = replace(FORWARD, direction="input_gradient")
INVOLUTION = InvolutionProblem(
    batch=2,
    channels=4,
    groups=2,
    input_shape=(7, 8),
    kernel_shape=(3, 3),
    stride=(1, 1),
    padding=((2, 0), (0, 1)),
    dilation=(1, 1),
)

Solve = Callable[..., None]


class Wrapped:
    """An algorithm, and a plan, that runs a function in place of the naive reference."""

    name = "wrong"
    last_resort = False
    workspace_bytes = 2**16  # more than the naive reference takes

    def __init__(self, function: Solve, problem: Any = None) -> None:
        self._function, self._problem = function, problem

    def refusal(self, problem: Any) -> None:
        return None

    def cost(self, problem: Any) -> float:
        return 1.0

    def plan(self, problem: Any) -> Any:
        return Wrapped(self._function, problem)

    def prepare(self, weight: Array) -> Array:
        return weight

    def describe(self) -> str:
        return "wrong on purpose"

    def __call__(self, *operands: Array, out: Array) -> None:
        self._function(self._problem, *operands, out=out)


def naive(problem: Any, *operands: Array) -> Array:
    return naive_reference(problem)(problem, *operands)


def right(problem: Any, *operands: Array, out: Array) -> None:
    out[...] = naive(problem, *operands)


def one_tap_off(problem: Any, x: Array, weight: Array, *rest: Array, out: Array) -> None:
    axis = 3 if isinstance(problem, InvolutionProblem) else weight.ndim - 1
    out[...] = naive(problem, x, np.roll(weight, 1, axis), *rest)


def padding_on_the_wrong_side(problem: Any, *operands: Array, out: Array) -> None:
    turned = tuple((hi, lo) for lo, hi in problem.padding)
    out[...] = naive(replace(problem, padding=turned), *operands)


def wrong_channel_of_a_group(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    out[...] = naive(problem, np.roll(x, 1, 1), *rest)


def one_left_unwritten(problem: Any, *operands: Array, out: Array) -> None:
    result = naive(problem, *operands)
    out.reshape(-1)[1:] = result.reshape(-1)[1:]


def adds_to_what_is_there(problem: Any, *operands: Array, out: Array) -> None:
    out += naive(problem, *operands)


def writes_after_the_end(problem: Any, *operands: Array, out: Array) -> None:
    right(problem, *operands, out=out)
    owner = out.base
    if owner is not None:
        owner.reshape(-1)[(out.ctypes.data - owner.ctypes.data) // out.itemsize + out.size] = 0


def writes_before_the_start(problem: Any, *operands: Array, out: Array) -> None:
    right(problem, *operands, out=out)
    owner = out.base
    if owner is not None:
        owner.reshape(-1)[(out.ctypes.data - owner.ctypes.data) // out.itemsize - 1] = 0


def scribbles_on_its_operand(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    right(problem, x, *rest, out=out)
    x *= 2


def swallows_nan(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    out[...] = naive(problem, np.where(np.isnan(x), 0, x), *rest)


def swallows_nan_in_the_weight(
    problem: Any, x: Array, weight: Array, *rest: Array, out: Array
) -> None:
    out[...] = naive(problem, x, np.where(np.isnan(weight), 0, weight), *rest)


def spreads_nan(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    right(problem, x, *rest, out=out)
    out[np.isnan(x).any(axis=tuple(range(1, x.ndim)))] = np.nan


def clips_infinity(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    out[...] = naive(problem, np.nan_to_num(x, nan=np.nan), *rest)


def depends_on_threads(problem: Any, *operands: Array, out: Array) -> None:
    right(problem, *operands, out=out)
    if get_num_threads() > 1:
        out[...] = np.nextafter(out, np.inf)


def depends_on_place_in_batch(problem: Any, *operands: Array, out: Array) -> None:
    right(problem, *operands, out=out)
    out[-1:] = np.nextafter(out[-1:], np.inf) if problem.batch > 1 else out[-1:]


def depends_on_the_address(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    right(problem, x, *rest, out=out)
    if x.ctypes.data % 16:
        out[...] = np.nextafter(out, np.inf)


def accumulates_in_half(problem: Any, x: Array, weight: Array, *rest: Array, out: Array) -> None:
    coarse = naive(problem, x, weight, *rest).astype("float16")
    out[...] = coarse + np.float16(0.01)


def forgets_the_bias(problem: Any, *operands: Array, out: Array) -> None:
    bare = replace(problem, epilogue=replace(problem.epilogue, bias=False))
    rest = operands[2 + problem.epilogue.bias :]
    out[...] = naive(bare, *operands[:2], *rest)


def adds_residual_after_the_activation(problem: Any, *operands: Array, out: Array) -> None:
    if problem.epilogue.residual:
        bare = replace(problem, epilogue=replace(problem.epilogue, residual=False))
        out[...] = naive(bare, *operands[:-1]) + operands[-1]
    else:
        right(problem, *operands, out=out)


def shuffles_the_other_way(problem: Any, *operands: Array, out: Array) -> None:
    groups = problem.epilogue.shuffle
    turned = problem.result_shape[1] // groups if groups > 1 else 1
    other = Epilogue(problem.epilogue.bias, problem.epilogue.residual, None, turned)
    out[...] = naive(replace(problem, epilogue=other), *operands)


def squares(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    out[...] = naive(problem, np.abs(x), *rest)


def mirrors_the_weight(problem: Any, x: Array, w: Array, out: Array) -> None:
    out[...] = naive(problem, x, np.flip(w, (-2, -1)))


def drops_denormals(problem: Any, x: Array, weight: Array, *rest: Array, out: Array) -> None:
    tiny = np.finfo(x.dtype).tiny
    flushed = [np.where(np.abs(each) < tiny, 0, each).astype(each.dtype) for each in (x, weight)]
    out[...] = naive(problem, *flushed, *rest)


def spreads_rounding(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    right(problem, x, *rest, out=out)
    out += np.abs(x).max() * np.finfo(out.dtype).eps


def takes_strides_of_32_bits(problem: Any, *operands: Array, out: Array) -> None:
    assert max(problem.stride) < 2**31, "overflow"
    right(problem, *operands, out=out)


CALLS = itertools.count()


def differs_from_call_to_call(problem: Any, *operands: Array, out: Array) -> None:
    right(problem, *operands, out=out)
    if next(CALLS) % 2:
        out[...] = np.nextafter(out, np.inf)


def fails_on_nothing(problem: Any, *operands: Array, out: Array) -> None:
    assert problem.batch, "no images"
    right(problem, *operands, out=out)


def takes_more_than_it_says(problem: Any, *operands: Array, out: Array) -> None:
    np.zeros(2**20, np.uint8)
    right(problem, *operands, out=out)


def takes_memory_unseen_by_python(problem: Any, *operands: Array, out: Array) -> None:
    library, size = ctypes.CDLL(None), 50_000_000
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    memory = library.malloc(size)
    ctypes.memset(memory, 1, size)
    library.free(memory)
    right(problem, *operands, out=out)


def warns(problem: Any, *operands: Array, out: Array) -> None:
    warnings.warn("slower than it could be", stacklevel=1)
    right(problem, *operands, out=out)


def divides_by_zero(problem: Any, *operands: Array, out: Array) -> None:
    right(problem, *operands, out=out)
    np.float64(1) / np.float64(0)


def multiplies_infinity_by_zero(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    x * np.float32(0)
    right(problem, x, *rest, out=out)


SCRATCH: dict[Any, Array] = {}


def shares_its_scratch(problem: Any, *operands: Array, out: Array) -> None:
    SCRATCH[problem] = naive(problem, *operands)
    np.add(SCRATCH[problem], 0, out=out)


def mixes_even_samples(problem: Any, x: Array, *rest: Array, out: Array) -> None:
    right(problem, x, *rest, out=out)
    sizes = np.abs(x)
    if sizes.max() < 1e6 * np.median(sizes):
        out += sizes.max() * np.finfo(out.dtype).eps


LEAKED: list[Array] = []


def leaks(problem: Any, *operands: Array, out: Array) -> None:
    LEAKED.append(np.empty(256))
    right(problem, *operands, out=out)


DEFECTS = (
    (one_tap_off, "within_bound adjoint delta epilogue"),
    (padding_on_the_wrong_side, "within_bound adjoint delta"),
    (wrong_channel_of_a_group, "within_bound adjoint delta"),
    (one_left_unwritten, "written within_bound delta"),
    (adds_to_what_is_there, "written within_bound"),
    (writes_after_the_end, "written"),
    (writes_before_the_start, "written"),
    (scribbles_on_its_operand, "written"),
    (swallows_nan, "non_finite"),
    (swallows_nan_in_the_weight, "non_finite"),
    (spreads_nan, "non_finite"),
    (clips_infinity, "non_finite"),
    (depends_on_threads, "threads"),
    (depends_on_place_in_batch, "batch_position"),
    (depends_on_the_address, "address"),
    (accumulates_in_half, "within_bound"),
    (forgets_the_bias, "epilogue"),
    (adds_residual_after_the_activation, "epilogue"),
    (shuffles_the_other_way, "epilogue"),
    (squares, "linear adjoint within_bound"),
    (mirrors_the_weight, "within_bound adjoint delta"),
    (differs_from_call_to_call, "views address threads"),
    (fails_on_nothing, "empty_batch"),
    (drops_denormals, "denormals"),
    (spreads_rounding, "wide_range"),
    (takes_strides_of_32_bits, "huge_stride"),
    (takes_more_than_it_says, "workspace"),
    (takes_memory_unseen_by_python, "workspace"),
    (warns, "quiet"),
    (divides_by_zero, "quiet"),
    (multiplies_infinity_by_zero, "quiet"),
    (shares_its_scratch, "at_once"),
    (mixes_even_samples, "accuracy"),
    (leaks, "memory"),
)
BY_NAME = {law.name: law for law in LAWS}
PROBLEMS = {"forward": FORWARD, "gradient": GRADIENT, "involution": INVOLUTION}
NOTICED = [
    pytest.param(defect, problem, BY_NAME[law], id=f"{defect.__name__}-{kind}-{law}")
    for defect, laws in DEFECTS
    for kind, problem in PROBLEMS.items()
    for law in laws.split()
    if BY_NAME[law].applies(problem)
]


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_right_algorithm_keeps_the_law(law: Law, problem: Any) -> None:
    if law.applies(problem):
        law.check(problem, Wrapped(right))


@pytest.mark.parametrize(("defect", "problem", "law"), NOTICED)
def test_the_law_notices(defect: Solve, problem: Any, law: Law) -> None:
    with pytest.raises(AssertionError):
        law.check(problem, Wrapped(defect))


def test_the_law_notices_a_weight_prepared_wrongly() -> None:
    class Doubling(Wrapped):
        def plan(self, problem: Any) -> Any:
            return Doubling(right, problem)

        def prepare(self, weight: Array) -> Array:
            return 2 * weight

    with pytest.raises(AssertionError, match="prepared weight"):
        BY_NAME["address"].check(FORWARD, Doubling(right))


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("workspace_bytes", -1, "workspace_bytes is -1"),
        ("workspace_bytes", 0.5, "workspace_bytes is 0.5"),
        ("describe", lambda: "", "describe"),
        ("cost", lambda problem: float("nan"), "cost is nan"),
        ("refusal", lambda problem: "no", "accepted, then refused"),
        ("name", "", "name is ''"),
    ],
)
def test_the_contract_notices(member: str, value: Any, said: str) -> None:
    class Broken(Wrapped):
        def plan(self, problem: Any) -> Any:
            return self

    broken = Broken(right)
    setattr(broken, member, value)
    with pytest.raises(AssertionError, match=said):
        BY_NAME["contract"].check(FORWARD, broken)


class Keeping(Wrapped):
    """What a plan may keep: memory for its calls, or others of its kind."""

    made: ClassVar[list[Any]] = []

    def __init__(self, at: str, problem: Any = None) -> None:
        super().__init__(right, problem)
        self.at = at
        self.scratch: Array = np.empty(0)
        if problem is not None and at == "plan":
            self.scratch = np.empty(50_000_000, np.uint8)
        if problem is not None and at == "every plan":
            self.made.append(self)

    def plan(self, problem: Any) -> Any:
        return Keeping(self.at, problem)

    def __call__(self, *operands: Array, out: Array) -> None:
        super().__call__(*operands, out=out)
        if self.at == "first call" and not self.scratch.size:
            self.scratch = np.empty(50_000_000, np.uint8)
        if self.at == "every call":
            self.scratch = np.append(self.scratch, operands[0])


@pytest.mark.parametrize(
    ("at", "law"),
    [
        ("plan", "workspace"),
        ("first call", "workspace"),
        ("every plan", "memory"),
        ("every call", "memory"),
    ],
)
def test_the_law_notices_what_is_kept(at: str, law: str) -> None:
    with pytest.raises(AssertionError):
        BY_NAME[law].check(FORWARD, Keeping(at))
    Keeping.made.clear()


def test_what_is_kept_up_to_a_limit_is_no_leak() -> None:
    kept: dict[bytes, Array] = {}

    def remembers(problem: Any, *operands: Array, out: Array) -> None:
        kept[operands[1].tobytes()] = operands[1]
        while len(kept) > 32:
            del kept[next(iter(kept))]
        right(problem, *operands, out=out)

    BY_NAME["memory"].check(FORWARD, Wrapped(remembers))


class Crossing:
    """A backend of two right algorithms, the second of which costs what `cost` says."""

    name, device, priority = "crossing", "cpu", -9

    def __init__(self, cost: Callable[[Any], float]) -> None:
        self._offered = [Wrapped(right), Wrapped(right)]
        vars(self._offered[1]).update(name="other", cost=cost)

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> Any:
        return self._offered


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize(
    "cost",
    [
        pytest.param(lambda problem: 1.5 / get_num_threads(), id="threads"),
        pytest.param(lambda problem: 0.3 + 0.2 * problem.batch, id="batch"),
        pytest.param(lambda problem: 0.5 + 1e-5 * problem.macs, id="macs"),
    ],
)
def test_the_law_notices_costs_that_cross(
    cost: Any, problem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, (law,) = Crossing(cost), LAWS_OF_BACKENDS
    monkeypatch.setitem(plugins.registry().backends, backend.name, backend)
    with pytest.raises(AssertionError, match=r"chosen is '\w+' for .*, but '\w+' for"):
        law.check(problem, Auto(backend))


def test_costs_that_do_not_cross_are_lawful(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, (law,) = Crossing(lambda problem: 1.5), LAWS_OF_BACKENDS
    monkeypatch.setitem(plugins.registry().backends, backend.name, backend)
    law.check(FORWARD, Auto(backend))


def test_every_law_has_a_defect_that_breaks_it() -> None:
    assert {law for _, laws in DEFECTS for law in laws.split()} == set(BY_NAME) - {"contract"}


def test_the_delta_law_itself_rounds_to_16_bits_only_once() -> None:
    many_meet_in_one = ConvolutionProblem(
        batch=2,
        in_channels=3,
        out_channels=33,
        input_shape=(52,),
        kernel_shape=(6,),
        stride=(1,),
        padding=((1, 2),),
        dilation=(2,),
        dtype="float16",
        direction="input_gradient",
    )
    BY_NAME["delta"].check(many_meet_in_one, Wrapped(right))
