"""Registers, spills and machine instructions of kernels, found without a GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import resources

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from numba import cuda

from compiling import commit, copy_async, f32, i64, mma_tf32, pointer, ptx, to_tf32, wait_one

ARCHES = {"sm_75": (7, 5), "sm_80": (8, 0), "sm_90": (9, 0)}
P = pointer(f32)

needs_nvdisasm = pytest.mark.skipif(
    resources.nvdisasm() is None, reason="nvidia-cuda-nvdisasm is not installed"
)


def scaled(x: Any, out: Any, a: Any, n: Any) -> None:
    box = cuda.shared.array(96, f32)
    i = cuda.grid(1)
    if i < n:
        box[cuda.threadIdx.x] = x[i]
        out[i] = a * box[cuda.threadIdx.x]


def of(
    function: Callable[..., None], types: list[Any], arch: str, *, disassembled: bool = True
) -> resources.Resources:
    text = ptx(function, *types, cc=ARCHES[arch])
    return resources.measure(text, arch, disassembled=disassembled)


@pytest.mark.parametrize("arch", ARCHES)
def test_registers_and_shared_memory(arch: str) -> None:
    found = of(scaled, [P, P, f32, i64], arch, disassembled=False)
    assert 4 <= found.registers <= 32
    assert (found.stack, found.spill_stores, found.spill_loads) == (0, 0, 0)
    assert found.shared == 96 * 4


@needs_nvdisasm
@pytest.mark.parametrize("arch", ARCHES)
def test_machine_instructions(arch: str) -> None:
    found = of(scaled, [P, P, f32, i64], arch)
    assert found.count("LDG") == found.count("STG") == found.count("STS") == 1
    assert found.count("LDG.E") == 1
    assert found.count("LDG.E.128") == found.wide_loads == found.local == found.double == 0


@needs_nvdisasm
def test_a_hidden_double_is_seen() -> None:
    def hidden(x: Any, out: Any, n: Any) -> None:
        total = 0.0
        for i in range(n):
            total += x[i]
        out[0] = total

    assert of(hidden, [P, P, i64], "sm_80").double >= 2


@needs_nvdisasm
def test_local_arrays_and_spills_are_seen() -> None:
    def indexed(x: Any, out: Any, n: Any) -> None:
        box = cuda.local.array(32, f32)
        for i in range(n):
            box[i * i % 32] = x[i]
        for i in range(n):
            out[i] = box[i * 3 % 32]

    found = of(indexed, [P, P, i64], "sm_80")
    assert found.local > 0
    assert found.stack >= 128


@needs_nvdisasm
def test_tensor_cores_and_asynchronous_copies_are_seen() -> None:
    def kernel(a: Any, out: Any) -> None:
        box = cuda.shared.array(128, f32)
        t = cuda.threadIdx.x
        copy_async(box, 4 * t, a, 4 * t)
        commit()
        wait_one()
        w = to_tf32(box[t])
        c0, _, _, _ = mma_tf32(w, w, w, w, w, w, f32(0), f32(0), f32(0), f32(0))
        out[t] = c0

    for arch in ("sm_80", "sm_90"):
        found = of(kernel, [P, P], arch)
        assert found.count("HMMA") >= 1
        assert found.count("LDGSTS.E.BYPASS.128", "LDGSTS") == 1


def test_occupancy() -> None:
    assert resources.occupancy("sm_80", 256, 32, 0) == 1
    assert resources.occupancy("sm_80", 256, 128, 0) == 0.25
    assert resources.occupancy("sm_90", 256, 128, 100 * 1024) == 0.25
    assert resources.occupancy("sm_90", 256, 32, 113 * 1024) == 0.25
    assert resources.occupancy("sm_75", 1024, 64, 0) == 1
    assert resources.occupancy("sm_90", 256, 255, 0) == 0.125
