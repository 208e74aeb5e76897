"""Input gradients by way of what every sample adds to the results it reaches.

The weights of one given channel stand side by side in the caller's array: all taps of all result
channels. They are the lanes of the vectors, and are read as they are, whatever kernel and stride;
a sample of the given array is multiplied by all of them. What comes out, a value for each sample,
result channel and tap, is then added up where it belongs.
"""

from __future__ import annotations

from .algorithm import Scattered

__all__ = ["Scattered"]
