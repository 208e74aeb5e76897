"""What each operator does to a picture when nobody says what it should do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..protocol import Array, Demonstration

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)
LAPLACIAN = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], np.float32)


def gaussian(size: int) -> Array:
    """Return a Gaussian of `size` taps, two standard deviations to each end; its sum is 1."""
    position = np.arange(size) - (size - 1) / 2
    bell: Array = np.exp(-0.5 * (position / (size / 4)) ** 2)
    return np.asarray(bell / bell.sum(), np.float32)


def triangle(factor: int) -> Array:
    """Return the kernel with which a transposed convolution interpolates `factor`-fold."""
    ramp = 1 - np.abs(np.arange(2 * factor) - (2 * factor - 1) / 2) / factor
    return np.outer(ramp, ramp).astype(np.float32)


def per_channel(kernel: Array, channels: int = 3) -> Array:
    """Return a depthwise weight that applies `kernel` to each channel."""
    return np.ascontiguousarray(np.broadcast_to(kernel, (channels, 1, *kernel.shape)))


def shrink(picture: Array, factor: int) -> Array:
    """Return `picture` averaged over squares of `factor` x `factor` pixels."""
    channels, height, width = picture.shape
    height, width = height // factor, width // factor
    cut = picture[:, : height * factor, : width * factor]
    squares = cut.reshape(channels, height, factor, width, factor)
    return np.ascontiguousarray(squares.mean(axis=(2, 4)), dtype=np.float32)


def edges(picture: Array) -> Demonstration:
    weight = np.ascontiguousarray((LUMINANCE[:, None, None] * LAPLACIAN)[None])
    parameters = {"padding": "same", "padding_mode": "replicate"}
    return Demonstration((picture, weight), parameters, "edges: one 3x3 Laplacian of all channels")


def dilated(picture: Array) -> Demonstration:
    shown = edges(picture)
    parameters = {**shown.parameters, "dilation": 6}
    caption = "the same nine weights, 6 pixels apart, find coarser edges"
    return Demonstration(shown.arrays, parameters, caption)


def grouped(picture: Array) -> Demonstration:
    x = np.concatenate([picture, 1 - picture])
    tint = SEPIA[:, :, None, None] * np.outer(gaussian(5), gaussian(5))
    embossed = np.zeros((3, 3, 5, 5), np.float32)
    embossed[range(3), range(3), :2, :2] = -0.5
    embossed[range(3), range(3), 3:, 3:] = 0.5
    embossed[range(3), range(3), 2, 2] = 1
    weight = np.concatenate([tint, embossed]).astype(np.float32)
    parameters = {"groups": 2, "padding": "same", "padding_mode": "symmetric"}
    caption = "two groups: the picture toned, its negative embossed; they don't meet"
    return Demonstration((x, weight), parameters, caption)


def depthwise(picture: Array) -> Demonstration:
    weight = per_channel(np.outer(gaussian(13), gaussian(13)))
    parameters = {"groups": 3, "padding": "same", "padding_mode": "reflect"}
    return Demonstration((picture, weight), parameters, "each channel blurred by a 13x13 Gaussian")


def pointwise(picture: Array) -> Demonstration:
    weight = np.ascontiguousarray(SEPIA[:, :, None, None])
    return Demonstration((picture, weight), {}, "a 3x3 matrix mixes the channels of each pixel")


def shuffled(picture: Array) -> Demonstration:
    x = np.concatenate([picture, picture, picture])
    weight = np.zeros((9, 3, 13, 13), np.float32)
    for channel in range(3):
        weight[channel, channel] = np.outer(gaussian(13), gaussian(13))
        weight[3 + channel, channel, 6, 6] = 1
        weight[6 + channel, channel, 6, 6] = 1
        weight[6 + channel, channel, 5:8, 5:8] += LAPLACIAN / 2
    parameters = {"groups": 3, "padding": "same", "padding_mode": "reflect"}
    caption = "groups blur, keep and sharpen; shuffled, each result has a channel of all three"
    return Demonstration((x, weight), parameters, caption)


def transposed(picture: Array) -> Demonstration:
    small = shrink(picture, 4)
    parameters = {"stride": 4, "padding": 2, "groups": 3}
    caption = "four times larger, interpolated by an 8x8 kernel with stride 4"
    return Demonstration((small, per_channel(triangle(4))), parameters, caption)


def involution(picture: Array) -> Demonstration:
    kernels = bilateral_kernels(picture, size=9, blur=2.5, contrast=0.12)
    parameters = {"padding": "same", "padding_mode": "replicate"}
    caption = "a kernel for each pixel, from the pixels around: smooths, but not over edges"
    return Demonstration((picture, kernels), parameters, caption)


def embossed(picture: Array) -> Demonstration:
    weight = np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]])[None]
    caption = "a slope down to the right is added; what lies outside is the picture mirrored"
    return Demonstration((picture, weight), {}, caption)


def streaked(picture: Array) -> Demonstration:
    parameters = {"size": (1, 1, max(picture.shape[2] // 16, 2))}
    return Demonstration((picture,), parameters, "each pixel is the mean of those left and right")


def bilateral_kernels(picture: Array, size: int, blur: float, contrast: float) -> Array:
    """Return kernels that weigh neighbours by nearness in place and in colour.

    ``exp(-|offset|^2 / (2 blur^2) - |colour difference|^2 / (2 contrast^2))``, of sum 1
    (C. Tomasi and R. Manduchi, "Bilateral Filtering for Gray and Color Images", ICCV 1998).

    Returns
    -------
    ndarray of float32, shape (1, size, size, H, W)
    """
    reach = size // 2
    height, width = picture.shape[1:]
    padded = np.pad(picture, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    kernels = np.empty((1, size, size, height, width), np.float32)
    for ky, kx in np.ndindex(size, size):
        neighbour = padded[:, ky : ky + height, kx : kx + width]
        far = ((ky - reach) ** 2 + (kx - reach) ** 2) / (2 * blur**2)
        unlike: Any = ((neighbour - picture) ** 2).sum(0) / (2 * contrast**2)
        kernels[0, ky, kx] = np.exp(-far - unlike)
    kernels /= kernels.sum(axis=(1, 2), keepdims=True)
    return kernels
