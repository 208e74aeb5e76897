"""Kernels with one fault each: the laws, or the interpreter, must find it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from numconv.testing import LAWS, LawBroken, named_problems

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from interpreter import Fault
from numconv_cuda.convolution import depthwise_kernel as depthwise
from numconv_cuda.convolution import product
from numconv_cuda.convolution.depthwise import Depthwise
from numconv_cuda.convolution.direct import Direct
from numconv_cuda.involution import kernel as involution
from numconv_cuda.involution.algorithm import Involution

DEVICE = Interpreted()
ALGORITHMS: dict[ModuleType, Any] = {product: Direct, depthwise: Depthwise, involution: Involution}
FORWARD, VOLUME, BACKWARD = "odd_stride_2", "volume", "transposed_odd"
MUTANTS: dict[str, tuple[Any, str, str, type[Exception]]] = {
    "wrong tap": (product, "sources[at_reads + read]", "sources[at_reads]", LawBroken),
    "missing barrier": (
        product,
        "            cuda.syncthreads()\n\n        # Results",
        "\n        # Results",
        Fault,
    ),
    "read beyond the edge": (product, "0 <= x_ < size_x", "0 <= x_", Fault),
    "read before the edge": (
        product,
        "0 <= z < size_z and 0 <= y < size_y and 0 <= x_ < size_x",
        "z < size_z and y < size_y and x_ < size_x",
        Fault,
    ),
    "store beyond the tile": (
        product,
        "row < results:\n                    channel",
        "row < results + 1:\n                    channel",
        Exception,
    ),
    "no check of the last read": (product, "inside and read < total_reads", "inside", Exception),
    "weight of another tap": (depthwise, "+ filters[t])", "+ filters[0])", LawBroken),
    "sample before the edge": (depthwise, "if sample >= 0 else wide(0)", "", Fault),
    "channel beyond the group": (
        depthwise,
        "own == 1 or first + i < g[c.RESULTS_IN_GROUP]",
        "True",
        Fault,
    ),
    "kernel of another row": (involution, "r * g[c.RESULT_X]", "0 * g[c.RESULT_X]", LawBroken),
    "row beyond the last": (involution, "if inside and (", "if (", Fault),
}


def _mutated(module: ModuleType, before: str, after: str) -> dict[str, Any]:
    source = inspect.getsource(module)
    assert source.count(before) == 1, f"{before!r} stands {source.count(before)} times"
    names: dict[str, Any] = {"__name__": module.__name__, "__package__": module.__package__}
    exec(compile(source.replace(before, after), module.__file__ or "", "exec"), names)
    return names


def _mutate(
    monkeypatch: pytest.MonkeyPatch, name: str, module: ModuleType, before: str, after: str
) -> None:
    kernel: Callable[..., Any] = _mutated(module, before, after)["kernel"]

    def named(*arguments: Any) -> Any:
        made = kernel(*arguments)
        return replace(made, name=f"{made.name}-{name}")

    monkeypatch.setattr(module, "kernel", named)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, before, after, expected = MUTANTS[name]
    _mutate(monkeypatch, name, module, before, after)
    algorithm = ALGORITHMS[module](lambda: DEVICE)
    law = next(each for each in LAWS if each.name == "within_bound")
    found = 0
    for each in named_problems():
        kind = "Involution" if module is involution else "Convolution"
        if not type(each.problem).__name__.startswith(kind) or algorithm.refusal(each.problem):
            continue
        try:
            law.check(each.problem, algorithm)
        except expected:
            found += 1
            break
    assert found, "no case found it"


@pytest.mark.parametrize("condition", ["lines[s] != NOTHING", "ix == NOTHING or"])
def test_a_product_with_what_is_not_there_is_found(
    condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = "True" if "!=" in condition else ""
    _mutate(monkeypatch, condition, depthwise, condition, after)
    law = next(each for each in LAWS if each.name == "non_finite")
    problem = next(each for each in named_problems() if each.case == "transposed_depthwise").problem
    with pytest.raises(LawBroken):
        law.check(problem, Depthwise(lambda: DEVICE))
