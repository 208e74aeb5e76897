"""The tensor functions behind a layout, also where it has more axes than they."""

from __future__ import annotations

import numpy as np

from ..core.choice import choose
from ..core.dtypes import COMPLEXES, FLOATS
from ..core.geometry import Pairs
from ..core.kept import remembering
from ..core.operators.convolution import convolve, problem
from ..core.optional import uses_transforms
from ..core.protocol import Array, Operand
from ..core.threads import get_num_threads
from .layout import MOST_AXES, Layout

COMPILED = frozenset(map(np.dtype, FLOATS + COMPLEXES))
"""Dtypes whose sums kernels take, besides integers."""


def correlated(x: Array, weight: Array, layout: Layout, accuracy: str) -> Array:
    """Return what a tensor function makes of operands that `layout` arranged, in their dtype."""
    if len(layout.sliding) > MOST_AXES:
        return _beyond(x, weight, layout.padding, layout.group_count, accuracy)
    return _correlated(x, weight, layout.padding, layout.group_count, accuracy, layout.padding_mode)


def _correlated(
    x: Array, weight: Array, padding: Pairs, groups: int, accuracy: str, padding_mode: str = "zeros"
) -> Array:
    result: Array = convolve(
        x.ndim - 2,
        x,
        weight,
        padding=padding,
        groups=groups,
        padding_mode=padding_mode,
        accuracy=accuracy,
    )
    return result


def _beyond(x: Array, weight: Array, padding: Pairs, groups: int, accuracy: str) -> Array:
    """Correlate along more axes than three.

    The sums over the taps of the first axis are taken here, with its samples as part of the batch.
    """
    (lo, hi), inner = padding[0], padding[1:]
    correlate = _beyond if len(inner) > MOST_AXES else _correlated
    batch, channels, size, *rest = x.shape
    taps = weight.shape[2]
    outputs = lo + size + hi - taps + 1
    by_sample = np.moveaxis(x, 2, 1)
    sums: Array | None = None
    for tap in range(taps):
        begin, end = max(lo - tap, 0), min(outputs, lo - tap + size)
        if begin >= end:
            continue
        seen = by_sample[:, begin + tap - lo : end + tap - lo].reshape(-1, channels, *rest)
        part = correlate(seen, weight[:, :, tap], inner, groups, accuracy)
        part = part.reshape(batch, end - begin, *part.shape[1:])
        if sums is None:
            sums = np.zeros((batch, outputs, *part.shape[2:]), part.dtype)
        sums[:, begin:end] += part
    assert sums is not None
    return np.moveaxis(sums, 1, 2)


def takes_transforms(layout: Layout, dtype: np.dtype) -> bool:
    """Return whether the dispatcher would go through Fourier transforms."""
    if not 1 <= len(layout.sliding) <= MOST_AXES:
        return False
    return _takes_transforms(layout, dtype.name, get_num_threads())


@remembering(1024)
def _takes_transforms(layout: Layout, dtype: str, threads: int) -> bool:
    """Look at what is chosen; `threads` tells apart choices that depend on their number."""
    described = problem(
        x=Operand(layout.x_shape, dtype),
        weight=Operand(layout.weight_shape, dtype),
        bias=None,
        residual=None,
        axes=None,
        stride=1,
        padding=layout.padding,
        dilation=1,
        groups=layout.group_count,
        padding_mode=layout.padding_mode,
        activation=None,
        accuracy="standard",
        shuffled=False,
    )
    return uses_transforms(choose(described).algorithm)
