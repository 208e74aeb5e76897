"""What numconv's involution is compared with on a GPU computes the same."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cuda.bindings", reason="numba-cuda is not installed")

from cuda.bindings import nvrtc

import numconv
import raw_involution
from interpreter import Module
from numconv.core.dispatch import tracing
from numconv.core.protocol import Operand


def ptx(source: str) -> str:
    _, program = nvrtc.nvrtcCreateProgram(source.encode(), b"", 0, [], [])
    options = [b"--gpu-architecture=compute_80"]
    (error,) = nvrtc.nvrtcCompileProgram(program, len(options), options)
    assert int(error) == 0
    text = bytes(nvrtc.nvrtcGetPTXSize(program)[1])
    nvrtc.nvrtcGetPTX(program, text)
    return text.rstrip(b"\0").decode()


def test_the_raw_kernel_is_an_involution() -> None:
    x = np.random.default_rng(0).standard_normal((2, 6, 7, 9)).astype("float32")
    kernels = np.random.default_rng(1).standard_normal((2, 3, 3, 5, 4, 11)).astype("float32")
    parameters = {"stride": (2, 1), "padding": (1, 3), "dilation": (1, 1)}
    with tracing() as traced:
        given = (Operand(each.shape, "float32") for each in (x, kernels))
        numconv.involution2d(*given, **parameters)
    problem = traced[0].problem
    assert raw_involution.fits(problem)
    out = np.full(problem.result_shape, np.nan, "float32")
    blocks = -(-out.size // raw_involution.THREADS)
    arguments = [x, kernels, out, *raw_involution.numbers(problem)]
    Module(ptx(raw_involution.SOURCE)).kernel().run(blocks, raw_involution.THREADS, arguments)
    expected = numconv.involution2d(x, kernels, **parameters)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
