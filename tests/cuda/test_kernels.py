"""Every kernel, compiled for every target: what it takes, and what must not be in it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from catalogue import TARGETS, Bounded, kernels
from resources import nvdisasm

CHECKS = [
    pytest.param(each, target, id=f"{each.name}-{target}")
    for each in kernels()
    for target in TARGETS
]


@pytest.mark.parametrize(("bounded", "target"), CHECKS)
def test_resources(bounded: Bounded, target: str) -> None:
    found = bounded.measure(target)
    assert found.registers * bounded.kernel.threads * bounded.kernel.blocks <= 65536
    assert max(found.spill_stores, found.spill_loads) <= bounded.spills
    assert found.shared <= 48 * 1024
    if nvdisasm() is None:
        pytest.skip("nvidia-cuda-nvdisasm is not installed: instructions are not looked at")
    if bounded.spills == 0:
        assert found.local == 0
    if bounded.dtype in ("float32", "float16", "int8", "complex64"):
        assert found.double == 0


@pytest.mark.skipif(nvdisasm() is None, reason="nvidia-cuda-nvdisasm is not installed")
@pytest.mark.parametrize("target", TARGETS)
def test_the_product_loads_vectors(target: str) -> None:
    from numconv_cuda.convolution import product

    found: Any = Bounded(product.kernel(product.LARGE, None), "float32").measure(target)
    assert sum(n for name, n in found.instructions.items() if "LDS" in name and "128" in name) >= 4
    assert found.wide_loads >= 1
    assert found.count("FFMA") >= 64
