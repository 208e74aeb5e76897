"""Calls with arrays of `numba.cuda`, in its simulator. Run as a script; says ``ok`` or fails."""

from __future__ import annotations

import warnings

import numpy as np
from numba import cuda

import numconv

warnings.simplefilter("ignore", numconv.PerformanceWarning)

x = np.random.default_rng(0).standard_normal((2, 4, 6, 7)).astype("float32")
weight = np.random.default_rng(1).standard_normal((6, 2, 3, 3)).astype("float32")
bias = np.linspace(-1, 1, 6).astype("float32")
given, filters, added = (cuda.to_device(each) for each in (x, weight, bias))
parameters = {"padding": 1, "groups": 2, "activation": "silu"}
expected = numconv.conv2d(x, weight, bias, **parameters)


def must_equal(result: object, due: np.ndarray = expected) -> None:
    assert type(result) is type(given), type(result)
    np.testing.assert_allclose(result.copy_to_host(), due, rtol=1e-5, atol=1e-5)


must_equal(numconv.conv2d(given, filters, added, **parameters))
must_equal(numconv.conv2d(given[0], filters, added, **parameters), expected[0])
must_equal(numconv.conv2d(given[:, :, ::-1, ::-1], filters, added, **parameters),
           numconv.conv2d(x[:, :, ::-1, ::-1], weight, bias, **parameters))  # fmt: skip
out = cuda.device_array((2, 6, 6, 14), "float32")[..., ::2]
assert numconv.conv2d(given, filters, added, **parameters, out=out) is out
must_equal(out)
plan = numconv.plan("conv2d", x.shape, filters, bias=added, **parameters)
must_equal(plan(given))
must_equal(numconv.channel_shuffle(given, 2), numconv.channel_shuffle(x, 2))
few = (x[0, :2, :2, :2].copy(), weight[:1, :, :1, :1].copy())
apart = (few[0], weight[0, 0, 0], weight[0, 0, 1])
for function, operands in ((numconv.resize_conv2d, few), (numconv.separable_conv2d, apart)):
    more = {} if operands is few else {"padding": 1}
    must_equal(function(*map(cuda.to_device, operands), **more), function(*operands, **more))
whole = cuda.to_device(np.arange(-12, 12, dtype="int16").reshape(1, 2, 3, 4))
ones = cuda.to_device(np.ones((1, 2, 2, 2), "int16"))
exact = numconv.conv2d(whole.copy_to_host(), ones.copy_to_host())
must_equal(numconv.conv2d(whole, ones), exact)
reduce, span = (
    np.random.default_rng(2).standard_normal(shape).astype("float32") for shape in ((2, 4), (18, 2))
)
norm = [np.linspace(0.5, 1, 2).astype("float32")] * 4
blocks = {"kernel_size": 3, "stride": 2}
due = numconv.involution_block2d(x, reduce, span, norm=norm, **blocks)
small, first, second = (cuda.to_device(each) for each in (reduce, span, np.repeat(x, 2, axis=3)))
there = [cuda.to_device(each) for each in norm]
must_equal(numconv.involution_block2d(given, small, first, norm=there, **blocks), due)
must_equal(numconv.involution_block2d(second[..., ::2], small, first, norm=there, **blocks), due)
refusal = ""
try:
    numconv.conv2d(x, weight, groups=2, backend="cuda")
except numconv.BackendError as error:
    refusal = str(error)
assert "numba.cuda.to_device" in refusal
print("ok")
