"""`depthwise`: a slab of one channel at a time through the caches. Importing it imports no Numba.

`cut` says how channels are cut into blocks, each with its `slab`: a copy of what the block reads.
There `chains` of taps are summed, by `sweep` for a convolution, and for an input gradient by
`phases`, one remainder of the strides after the other. `plan` and `phase_plan` call these two.
"""

from __future__ import annotations

from .algorithm import Depthwise

__all__ = ["Depthwise"]
