"""`depthwise`: a slab of one channel at a time through the caches. Importing it imports no Numba.

`blocking` says how channels are cut into blocks, each with its `slab`: a copy of the samples it
reads. There `tap_runs`, taps that read rows at even distances, are summed: by `sweep` for a
convolution, and for an input gradient by `phases`, one phase of the strides after the other. `plan`
calls these two.
"""

from __future__ import annotations

from .algorithm import Depthwise

__all__ = ["Depthwise"]
