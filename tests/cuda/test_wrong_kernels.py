"""Kernels with one fault each: the laws, or the interpreter, must find it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from numconv.core.problems import (
    ConvolutionProblem,
    GeneratedInvolutionProblem,
    InvolutionProblem,
)
from numconv.testing import LAWS, LawBroken, named_problems

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from interpreter import Fault
from numconv_cuda.convolution import depthwise_kernel as depthwise
from numconv_cuda.convolution import padding, product
from numconv_cuda.convolution import tensor_gather as gather
from numconv_cuda.convolution import tensor_product as tensor
from numconv_cuda.convolution.depthwise import Depthwise
from numconv_cuda.convolution.direct import Direct
from numconv_cuda.convolution.padded import Padded
from numconv_cuda.convolution.tensor import Tensor
from numconv_cuda.involution import block_kernel
from numconv_cuda.involution import kernel as involution
from numconv_cuda.involution.algorithm import Involution
from numconv_cuda.involution.block import InvolutionBlock

DEVICE = Interpreted()
GATHERED = "if k.is_there(g, corner, step):\n                held[i] = wide("
MUTANTS: dict[str, tuple[Any, str, str, type[Exception]]] = {
    "wrong tap": (product, "sources[int32(ahead +", "sources[int32(0 * ahead +", LawBroken),
    "missing barrier": (
        product,
        "            cuda.syncthreads()\n\n        # Results",
        "\n        # Results",
        Fault,
    ),
    "read beyond the edge": (
        product,
        GATHERED,
        GATHERED.replace("k.is_there(g, corner, step)", "ahead >= 0"),
        Fault,
    ),
    "store beyond the tile": (product, "and row < results:", "and row < results + 1:", Exception),
    "store beyond the last column": (product, "column <= most", "column <= most + 1", Exception),
    "tensor: weights of another row": (
        gather,
        "weight, at, True",
        "weight, source, True",
        LawBroken,
    ),
    "tensor: missing barrier": (
        tensor,
        "                wait()\n                cuda.syncthreads()\n",
        "                wait()\n",
        Fault,
    ),
    "tensor: copies not waited for": (
        tensor,
        "waiting(room.stages - 2)",
        "waiting(room.stages - 1)",
        Fault,
    ),
    "tensor: read beyond the edge": (
        gather,
        "step[n.OFFSET], k.is_there(g, corner, step))",
        "step[n.OFFSET], True)",
        Fault,
    ),
    "tensor: what is left forgotten": (
        tensor,
        "                multiply(sums, a_rest, b)\n",
        "",
        LawBroken,
    ),
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
    "sample of another row": (padding, "tables[g[TABLE_Y] + py]", "tables[g[TABLE_Y]]", LawBroken),
    "channel beyond the last": (
        padding,
        "if first + i < g[CHANNELS]:\n                samples",
        "if True:\n                samples",
        Fault,
    ),
    "one copy of each sample": (padding, "tables[at_x + 1]", "tables[at_x] + 1", LawBroken),
    "tap of another row": (block_kernel, "taps + i * POSITIONS", "taps", LawBroken),
    "no barrier before the taps": (
        block_kernel,
        "        cuda.syncthreads()\n        for i in range(taps):",
        "        for i in range(taps):",
        Fault,
    ),
    "features beyond the image": (block_kernel, "r < where[INSIDE", "0 < where[INSIDE", Fault),
    "samples before the edge": (block_kernel, "z | y | x_ >= 0", "z | y >= 0", Fault),
}
# What makes the kernels that a module has a part in, and the algorithm that uses them.
USERS: dict[ModuleType, tuple[ModuleType, Any]] = {
    product: (product, Direct),
    tensor: (tensor, Tensor),
    gather: (tensor, Tensor),
    depthwise: (depthwise, Depthwise),
    involution: (involution, Involution),
    block_kernel: (block_kernel, InvolutionBlock),
    padding: (padding, lambda device: Padded(device, [Direct(device)])),
}

# And of which kind the problems are that show a fault, if not convolutions.
KINDS: dict[ModuleType, type] = {
    involution: InvolutionProblem,
    block_kernel: GeneratedInvolutionProblem,
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
    maker, _ = USERS[module]
    mutated = _mutated(module, before, after)
    kernel: Callable[..., Any] = maker.kernel.__wrapped__
    if maker is module:
        kernel = mutated["kernel"]
    else:
        for part in ("rows", "columns"):
            monkeypatch.setattr(module, part, mutated[part])

    def named(*arguments: Any) -> Any:
        made = kernel(*arguments)
        # A name that no other kernel has, nor had when the fault was another one.
        return replace(made, name=f"{made.name}-{name}-{before}-{after}")

    monkeypatch.setattr(maker, "kernel", named)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, before, after, expected = MUTANTS[name]
    _mutate(monkeypatch, name, module, before, after)
    algorithm: Any = USERS[module][1](lambda: DEVICE)
    kind = KINDS.get(module, ConvolutionProblem)
    law = next(each for each in LAWS if each.name == "within_bound")
    found = 0
    for each in named_problems():
        if type(each.problem) is not kind or algorithm.refusal(each.problem) is not None:
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
