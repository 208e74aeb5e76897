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
from numconv_cuda.convolution import direct, product
from numconv_cuda.involution import algorithm as involution
from numconv_cuda.involution import block, block_kernel
from numconv_cuda.involution import kernel as columns

DEVICE = Interpreted()
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
    "kernel of another row": (columns, "r * g[RESULT_X]", "0 * g[RESULT_X]", LawBroken),
    "row beyond the last": (columns, "if ky >= 0 and oy + r < g[RESULT_Y]:", "if ky >= 0:", Fault),
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
# What is mutated, and the kind of problem that shows it.
OTHERS: dict[ModuleType, tuple[Any, str]] = {
    columns: (involution.Involution, "Involution"),
    block_kernel: (block.InvolutionBlock, "GeneratedInvolution"),
}


def _mutated(module: ModuleType, before: str, after: str) -> dict[str, Any]:
    source = inspect.getsource(module)
    assert source.count(before) == 1, f"{before!r} stands {source.count(before)} times"
    names: dict[str, Any] = {"__name__": module.__name__, "__package__": module.__package__}
    exec(compile(source.replace(before, after), module.__file__ or "", "exec"), names)
    return names


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, before, after, expected = MUTANTS[name]
    mutated = _mutated(module, before, after)
    kernel: Callable[..., Any] = mutated["kernel"]

    def named(*arguments: Any) -> Any:
        made = kernel(*arguments)
        return replace(made, name=f"{made.name}-{name}")

    monkeypatch.setattr(module, "kernel", named)
    make, kind = OTHERS.get(module, (direct.Direct, "Convolution"))
    algorithm = make(lambda: DEVICE)
    law = next(each for each in LAWS if each.name == "within_bound")
    found = 0
    for each in named_problems():
        if not type(each.problem).__name__.startswith(kind) or algorithm.refusal(each.problem):
            continue
        try:
            law.check(each.problem, algorithm)
        except expected:
            found += 1
            break
    assert found, "no case found it"
