"""Operators made of others, as functions on arrays; they own no kernels."""

from .depthwise_separable import (
    depthwise_separable_conv1d,
    depthwise_separable_conv2d,
    depthwise_separable_conv3d,
)
from .flattened import flattened_conv2d
from .involution_block import involution_block1d, involution_block2d, involution_block3d
from .normalized import normalized_conv1d, normalized_conv2d, normalized_conv3d
from .resize import resize_conv1d, resize_conv2d, resize_conv3d
from .separable import separable_conv2d, separable_conv3d

__all__ = [
    "depthwise_separable_conv1d",
    "depthwise_separable_conv2d",
    "depthwise_separable_conv3d",
    "flattened_conv2d",
    "involution_block1d",
    "involution_block2d",
    "involution_block3d",
    "normalized_conv1d",
    "normalized_conv2d",
    "normalized_conv3d",
    "resize_conv1d",
    "resize_conv2d",
    "resize_conv3d",
    "separable_conv2d",
    "separable_conv3d",
]
