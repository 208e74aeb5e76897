"""One fault after the other in PTX that Numba made: which are caught."""

from __future__ import annotations

import numpy as np
import pytest

from mutants import KINDS, mutants, survivors

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from compiling import f32, i64, ptx
from interpreter import Kernel
from kernels import P, halo, product, ring, saxpy, values


def test_a_product_of_matrices() -> None:
    a, b, out = values(16, 24, seed=1), values(24, 16, seed=2), values(16, 16)
    text = ptx(product(True, True), P, P, P, i64, i64, i64)

    def passes(kernel: Kernel) -> bool:
        out[:] = np.nan
        kernel.run((2, 2), (8, 8), [a, b, out, 16, 16, 24])
        return np.allclose(out, a.astype(np.float64) @ b, atol=1e-5)

    assert survivors(text, passes, "load", "guard") == []
    # Nobody writes after the last tile, so the last barrier may go.
    *_, last = mutants(text, "barrier")
    assert survivors(text, passes, "barrier") == [last[0]]


def test_a_ring_of_asynchronous_copies() -> None:
    x, out = values(5, 4, 32), np.zeros(32, np.float32)
    text = ptx(ring(True, True), P, P, i64)

    def passes(kernel: Kernel) -> bool:
        out[:] = np.nan
        kernel.run(1, 32, [x, out, 5])
        return np.allclose(out, x.astype(np.float64).sum((0, 1))[::-1], atol=1e-5)

    assert len(list(mutants(text, "wait"))) >= 1
    assert survivors(text, passes, "wait", "barrier", "load", "guard") == []


def test_a_halo() -> None:
    x, out = values(150), values(150)
    text = ptx(halo(4), P, P, i64)

    def passes(kernel: Kernel) -> bool:
        out[:] = np.nan
        kernel.run(3, 64, [x, out, 150])
        return np.allclose(out, np.convolve(x.astype(np.float64), np.ones(5), "same"), atol=1e-5)

    assert survivors(text, passes, "load", "barrier", "guard") == []


def test_saxpy() -> None:
    x, out = values(129), values(129)
    text = ptx(saxpy, P, P, P, f32, i64)

    def passes(kernel: Kernel) -> bool:
        out[:] = np.nan
        kernel.run(2, 128, [x, x, out, 2.0, 129])
        return np.allclose(out, 3 * x, atol=1e-5)

    assert len(list(mutants(text, "bound"))) >= 1
    assert survivors(text, passes) == []


def test_a_kernel_that_fails_has_no_mutants() -> None:
    with pytest.raises(ValueError, match="fails as it is"):
        survivors(ptx(saxpy, P, P, P, f32, i64), lambda kernel: False)


def test_every_kind_finds_something() -> None:
    text = """bar.sync 0; bar.warp.sync -1; cp.async.wait_group 1; @%p1 ld.shared.v2.f32 {%f1, %f2},
        [%r1+8]; setp.lt.s32 %p1, %r1, %r2;"""
    changed = [mutant for _, mutant in mutants(text)]
    assert len(changed) == len(KINDS)
    assert "[%r1+16]" in changed[3]
    assert "setp.le.s32" in changed[4]
