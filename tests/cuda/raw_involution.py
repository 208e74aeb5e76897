"""Involution as its authors run it, by a raw kernel of CuPy: a thread sums one result.

It is what numconv's is compared with. CuPy has no layers; its convolutions
(`cupyx.scipy.signal`, `cupyx.scipy.ndimage`) are of one channel, and have no place in the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from math import prod
from typing import Any

import numpy as np

THREADS = 256
SOURCE = r"""
extern "C" __global__ void involution(
    const float *x, const float *kernels, float *out, long long total, int channels, int groups,
    int height, int width, int rows, int columns, int kernel_y, int kernel_x, int stride_y,
    int stride_x, int padding_y, int padding_x, int dilation_y, int dilation_x)
{
    long long index = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (index >= total)
        return;
    int ox = index % columns, oy = index / columns % rows;
    int c = index / columns / rows % channels;
    long long n = index / columns / rows / channels, group = n * groups + c / (channels / groups);
    float sum = 0;
    for (int ky = 0; ky < kernel_y; ky++)
        for (int kx = 0; kx < kernel_x; kx++) {
            int iy = oy * stride_y - padding_y + ky * dilation_y;
            int ix = ox * stride_x - padding_x + kx * dilation_x;
            if (iy >= 0 && iy < height && ix >= 0 && ix < width) {
                long long tap = (group * kernel_y + ky) * kernel_x + kx;
                sum += kernels[(tap * rows + oy) * columns + ox]
                    * x[((n * channels + c) * height + iy) * width + ix];
            }
        }
    out[index] = sum;
}
"""


def call(problem: Any, tensors: list[Any]) -> Callable[[], Any] | None:
    """Return the call for a problem and tensors of PyTorch; None if it is not for this kernel."""
    if util.find_spec("cupy") is None or not fits(problem):
        return None
    import cupy

    x, kernels = (cupy.from_dlpack(each) for each in tensors)
    kernel = cupy.RawKernel(SOURCE, "involution")
    blocks = (-(-prod(problem.result_shape) // THREADS),)

    def run() -> Any:
        out = cupy.empty(problem.result_shape, cupy.float32)
        kernel(blocks, (THREADS,), (x, kernels, out, *numbers(problem)))
        return out

    return run


def fits(problem: Any) -> bool:
    """Return whether a problem is an involution of float32 images, padded with zeros, and plain."""
    shapes = [len(each) for each in problem.operand_shapes]
    plain = problem.dtype == "float32" and problem.padding_mode == "zeros"
    return shapes == [4, 6] and plain and not problem.epilogue.shapes(problem.result_shape)


def numbers(problem: Any) -> tuple[Any, ...]:
    """Return what the kernel gets besides the arrays."""
    channels, height, width = problem.operand_shapes[0][1:]
    padding = [lo for lo, _ in problem.padding]
    result, taps = problem.result_shape[2:], problem.operand_shapes[1][2:4]
    sizes = (channels, problem.groups, height, width, *result, *taps)
    steps = (*problem.stride, *padding, *problem.dilation)
    return np.int64(prod(problem.result_shape)), *map(np.int32, (*sizes, *steps))
