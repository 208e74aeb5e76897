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
from numconv_cuda.convolution import direct, padded, padding, product
from numconv_cuda.involution import algorithm as involution
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
    "sample of another row": (padding, "tables[g[TABLE_Y] + py]", "tables[g[TABLE_Y]]", LawBroken),
    "channel beyond the last": (
        padding,
        "if first + i < g[CHANNELS]:\n                samples",
        "if True:\n                samples",
        Fault,
    ),
    "one copy of each sample": (padding, "tables[at_x + 1]", "tables[at_x] + 1", LawBroken),
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
    algorithm: Any = direct.Direct(lambda: DEVICE)
    if module is columns:
        algorithm = involution.Involution(lambda: DEVICE)
    if module is padding:
        algorithm = padded.Padded(lambda: DEVICE, [algorithm])
    law = next(each for each in LAWS if each.name == "within_bound")
    found = 0
    for each in named_problems():
        kind = "Involution" if module is columns else "Convolution"
        if not type(each.problem).__name__.startswith(kind) or algorithm.refusal(each.problem):
            continue
        try:
            law.check(each.problem, algorithm)
        except expected:
            found += 1
            break
    assert found, "no case found it"
