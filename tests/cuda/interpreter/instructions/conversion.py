"""cvt: between all types, with all roundings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..formats import TYPES, Type, flush, narrow, saturate, to_integer, widen
from ..machine import Control, Step
from ..report import Array
from ..syntax import PtxError
from .building import Build, apply, known

Function = Callable[[Array], Array]
_TO_INTEGER = {"rni": "rn", "rzi": "rz", "rmi": "rm", "rpi": "rp"}
_TO_FLOAT = ("rn", "rz", "rm", "rp", "rna")
_PARTS = {"f16x2": "f16", "bf16x2": "bf16"}


@known("cvt")
def cvt(build: Build) -> Step | Control:
    integral = _TO_INTEGER.get(build.choice(*_TO_INTEGER, default=""), "")
    mode = build.choice(*_TO_FLOAT, default="")
    subnormal, clip, positive = build.flag("ftz"), build.flag("sat"), build.flag("relu")
    result, origin = build.type(), build.type()

    def convert(x: Array) -> Array:
        if subnormal:
            x = flush(x)
        value = plain(x)
        if clip and result.is_float:
            value = saturate(value)
        if positive:
            value = np.where(value > 0, value, 0).astype(value.dtype)
        return flush(value) if subnormal else value

    part = TYPES[_PARTS.get(result.name, result.name)]
    if (clip or positive) and part.is_brain:
        raise build.unknown()
    plain = conversion(origin, part, integral, mode, clip)
    if result.lanes == 2 and origin.lanes == 1:  # two values packed, the first one on top
        return apply(
            lambda a, b: np.stack((convert(b), convert(a)), axis=1),
            build.target(result),
            *build.sources(origin, exact=False),
        )
    if result.lanes == 2:
        raise build.unknown()
    # A tf32 value is kept in the bits of a float32 one.
    return apply(convert, build.target(result), *build.sources(origin, exact=False))


def conversion(origin: Type, result: Type, integral: str, mode: str, clip: bool) -> Function:
    """Return what converts values of `origin` to `result`."""
    if result.bits == 64 and result.is_float and mode not in ("", "rn"):
        raise PtxError("other roundings to float64 than .rn are not known")
    if origin.is_float and not result.name.startswith(("f", "bf", "tf")):
        if not integral:
            raise PtxError("a rounding to integers is missing")
        return lambda x: _float_to_integer(to_integer(widen(x, origin), integral), origin, result)
    if origin.is_float:
        if integral:
            return lambda x: narrow(to_integer(widen(x, origin), integral), result)
        return lambda x: narrow(widen(x, origin), result, mode or "rn")
    if result.is_float:
        return lambda x: narrow(_integer_to_float(x), result, mode or "rn")
    limits = np.iinfo(result.dtype)
    if clip:
        return lambda x: _clip(x, limits.min, limits.max).astype(result.dtype)
    return lambda x: x.astype(result.dtype)


def _clip(x: Array, low: int, high: int) -> Array:
    own = np.iinfo(x.dtype)
    return np.clip(x, max(low, own.min), min(high, own.max))


def _float_to_integer(x: Array, origin: Type, result: Type) -> Array:
    """Clip to the range of `result`; NaN gives 0, or only the top bit where 64 bits take part."""
    limits = np.iinfo(result.dtype)
    low, high = float(limits.min), float(limits.max) + (0 if result.bits < 64 else 1)
    inside = (x >= low) & ((x <= high) if result.bits < 64 else (x < high))
    value = np.where(inside, x, 0).astype(result.dtype)
    value = np.where(x < low, limits.min, np.where(inside, value, limits.max)).astype(result.dtype)
    invalid = 1 << (result.bits - 1) if 64 in (origin.bits, result.bits) else 0
    nothing = np.array(invalid, np.uint64).astype(result.dtype)
    return np.where(np.isnan(x), nothing, value)


def _integer_to_float(x: Array) -> Array:
    """Return integers in float64, rounded to odd if they have more than 53 digits."""
    if x.dtype.itemsize < 8:
        return x.astype(np.float64)
    negative = x < 0
    size = np.where(negative, -x, x).astype(x.dtype).view(np.uint64)
    lost = (size & np.uint64(0x7FF)) != 0
    large = size >= np.uint64(1 << 53)
    odd = (size & ~np.uint64(0x7FF)) | (lost.astype(np.uint64) << np.uint64(11))
    exact = np.where(large, odd, size).astype(np.float64)
    return np.where(negative, -exact, exact)
