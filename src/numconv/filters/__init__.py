"""Named filters for pictures and signals, and their application.

Every filter is written for cross-correlation, as the tensor functions compute it: it lies on the
picture as it is printed, x to the right and y downwards, so that ``sobel-x`` is positive where
the picture grows brighter to the right. For `numconv.ndimage.convolve`, which flips, turn it
around with ``kernel[::-1, ::-1]``.
"""

from .applying import apply, explain
from .catalogue import formula, kernel, names, window, window_names

__all__ = ["apply", "explain", "formula", "kernel", "names", "window", "window_names"]


def __dir__() -> list[str]:
    return sorted(__all__)
