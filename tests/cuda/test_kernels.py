"""Every kernel, compiled for every target: what it takes, and what must not be in it."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

import shared_ptx
from catalogue import TARGETS, Bounded, kernels
from numconv_cuda.compile import ptx
from resources import nvdisasm

CHECKS = [
    pytest.param(each, target, id=f"{each.name}-{target}")
    for each in kernels()
    for target in each.targets()
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


@pytest.mark.parametrize("bounded", list(kernels())[::9], ids=lambda each: each.name)
def test_what_is_shared_is_what_the_backend_compiles(bounded: Bounded) -> None:
    """Also for the further targets, for which the tests compile less than all.

    What is on disk was made by these tests, from the same code.
    """

    def unnamed(text: str) -> str:  # Numba numbers what it compiles
        return re.sub(r"_ZN[\w$]+|_cudapy_smem_\d+", "name", text)

    kernel, dtype = bounded.kernel, bounded.dtype
    for target in bounded.targets():
        shared, _ = shared_ptx.ptx(kernel, dtype, TARGETS[target])
    text, _ = ptx(kernel, dtype, TARGETS[target])
    assert unnamed(shared) == unnamed(text)


@pytest.mark.skipif(nvdisasm() is None, reason="nvidia-cuda-nvdisasm is not installed")
@pytest.mark.parametrize("target", TARGETS)
def test_the_product_loads_vectors(target: str) -> None:
    from numconv_cuda.convolution import product

    found: Any = Bounded(product.kernel(product.LARGE, None), "float32").measure(target)
    assert sum(n for name, n in found.instructions.items() if "LDS" in name and "128" in name) >= 4
    assert found.wide_loads >= 1
    assert found.count("FFMA") >= 64


@pytest.mark.skipif(nvdisasm() is None, reason="nvidia-cuda-nvdisasm is not installed")
@pytest.mark.parametrize("target", ["sm_80", "sm_90"])
@pytest.mark.parametrize("form", ["3xtf32", "tf32", "float16"])
def test_products_of_tensor_cores(form: str, target: str) -> None:
    from numconv_cuda.convolution import tensor_product

    dtype = "float16" if form == "float16" else "float32"
    kernel = tensor_product.kernel(tensor_product.LARGE, form, tensor_product.Vectors(), None)
    found: Any = Bounded(kernel, dtype, least="sm_80").measure(target)
    products = 16 * (3 if form == "3xtf32" else 1)
    assert found.count("HMMA") % products == 0
    assert found.count("HMMA") > 0
    assert found.count("LDSM") >= 4
    assert (found.count("LDGSTS") > 0) == (form != "float16")
