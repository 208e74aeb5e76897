"""Convolution and its kin as functions on arrays, in the manner of `torch.nn.functional`.

Here "convolution" is cross-correlation, as in every deep-learning library: kernels are not
flipped. Arrays are NumPy arrays, or anything that offers DLPack or ``__array_interface__``
and lies in CPU memory; the result is of the first array's kind. The functions of two spatial
axes are documented in full, those of one and three say only what differs.
"""

from .convolution import conv1d, conv2d, conv3d
from .involution import involution1d, involution2d, involution3d
from .shuffled import channel_shuffle, shuffled_conv1d, shuffled_conv2d, shuffled_conv3d
from .transposed import conv_transpose1d, conv_transpose2d, conv_transpose3d

__all__ = [
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "involution1d",
    "involution2d",
    "involution3d",
    "shuffled_conv1d",
    "shuffled_conv2d",
    "shuffled_conv3d",
]
