"""PTX types as NumPy's, and arithmetic rounded as PTX wants it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Type:
    """How the bits of a register are taken; `lanes` values lie side by side in it."""

    name: str
    bits: int
    dtype: np.dtype[Any]
    lanes: int = 1

    @property
    def bytes(self) -> int:
        return self.bits // 8

    @property
    def unsigned(self) -> Type:
        return TYPES[f"u{self.bits}"]

    @property
    def is_float(self) -> bool:
        return self.name[0] == "f" or self.name.startswith("bf")

    @property
    def is_brain(self) -> bool:
        """bfloat16, which NumPy lacks: kept as 16 bits, computed in float32."""
        return self.name.startswith("bf")


def _type(name: str, bits: int, dtype: Any, lanes: int = 1) -> tuple[str, Type]:
    return name, Type(name, bits, np.dtype(dtype), lanes)


TYPES = dict(
    [_type(f"{kind}{8 * n}", 8 * n, f"u{n}") for kind in "bu" for n in (1, 2, 4, 8)]
    + [_type(f"s{8 * n}", 8 * n, f"i{n}") for n in (1, 2, 4, 8)]
    + [_type(f"f{8 * n}", 8 * n, f"f{n}") for n in (2, 4, 8)]
    + [_type("pred", 1, bool), _type("bf16", 16, "u2"), _type("tf32", 32, "f4")]
    + [_type("f16x2", 32, "f2", 2), _type("bf16x2", 32, "u2", 2), _type("b128", 128, "u8", 2)]
)


@dataclass(frozen=True)
class _Format:
    digits: int
    lowest: int
    """Exponent of the smallest normal number."""
    largest: float


_FORMATS = {
    "f32": _Format(24, -126, float(np.finfo(np.float32).max)),
    "f16": _Format(11, -14, 65504.0),
    "bf16": _Format(8, -126, 3.3895313892515355e38),
    "tf32": _Format(11, -126, 3.4011621342146535e38),
}
_TO_INTEGER: dict[str, Callable[[Array], Array]] = {
    "rn": np.rint,
    "rz": np.trunc,
    "rm": np.floor,
    "rp": np.ceil,
    "rna": lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x),
}


def to_integer(x: Array, mode: str) -> Array:
    """Return float64 `x` rounded to an integer by `mode`: rn, rz, rm, rp or rna (half away)."""
    return _TO_INTEGER[mode](x)


def round_to(x: Array, kind: str, mode: str = "rn") -> Array:
    """Return float64 `x` as values of the format `kind`, still in float64, rounded by `mode`."""
    form = _FORMATS[kind]
    _, exponent = np.frexp(x)
    scale = np.maximum(exponent - 1, form.lowest) - (form.digits - 1)
    rounded = np.ldexp(to_integer(np.ldexp(x, -scale), mode), scale)
    rounded = np.where(np.isfinite(x), rounded, x)
    over = np.isfinite(x) & (np.abs(rounded) > form.largest)
    stays = (mode == "rz") | ((mode == "rm") & (x > 0)) | ((mode == "rp") & (x < 0))
    limit = np.where(stays, form.largest, np.inf)
    return np.asarray(np.where(over, np.copysign(limit, x), rounded))


def narrow(x: Array, kind: Type, mode: str = "rn") -> Array:
    """Return float64 `x` in the NumPy dtype of `kind`, rounded once."""
    if kind.is_brain:
        bits = round_to(x, "bf16", mode).astype(np.float32).view(np.uint32)
        return (bits >> np.uint32(16)).astype(np.uint16)
    if kind.name == "tf32" or (mode != "rn" and kind.bits < 64):
        x = round_to(x, kind.name.removesuffix("x2"), mode)
    elif mode != "rn":
        raise NotImplementedError(f"float64 rounded by .{mode}")
    return x.astype(kind.dtype)


def widen(x: Array, kind: Type) -> Array:
    """Return values of `kind` in float64, exactly."""
    if kind.is_brain:
        x = (x.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return x.astype(np.float64)


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Knuth's sum: a + b rounded, and what the rounding lost."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def odd_sum(a: Array, b: Array) -> Array:
    """Return a + b in float64, rounded to odd: a second rounding, to fewer digits, is then exact.

    S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
    rounding to odd", IEEE Transactions on Computers 57 (2008).
    """
    total, lost = _sum(a, b)
    even = (total.view(np.int64) & 1) == 0
    fix = even & (lost != 0) & np.isfinite(total)
    if fix.any():
        total[fix] = np.nextafter(total[fix], np.copysign(np.inf, lost[fix]))
    return total


def fma32(a: Array, b: Array, c: Array) -> Array:
    """Return a * b + c of float32 arrays, rounded once."""
    wide = a.astype(np.float64)
    wide *= b  # exact: 48 digits
    wide += c
    bits = wide.view(np.uint64)
    # A sum just between two float32 values may have come there by the first rounding; one that
    # is subnormal in float32 has its middle elsewhere.
    middle = (bits & np.uint64(0x1FFFFFFF)) == np.uint64(0x10000000)
    middle |= (bits << np.uint64(1)) - np.uint64(1) < np.uint64(0x7020000000000000)
    if middle.any():
        product = a[middle].astype(np.float64) * b[middle]
        wide[middle] = odd_sum(product, c[middle].astype(np.float64))
    return wide.astype(np.float32)


def fma64(a: Array, b: Array, c: Array) -> Array:
    """Return a * b + c of float64 arrays, rounded once."""
    finite = np.isfinite(a) & np.isfinite(b) & np.isfinite(c)
    sizes = [np.where(x == 0, 1, np.abs(np.frexp(x)[1])) for x in (a, b, c)]
    safe = finite & (sizes[0] < 200) & (sizes[1] < 200) & (sizes[2] < 400)
    product, rest = _product(a, b)
    high, low = _sum(c, rest)
    first, second = _sum(product, high)
    result = first + odd_sum(second, low)
    for i in np.flatnonzero(~safe & finite):
        result[i] = _exact(float(a[i]), float(b[i]), float(c[i]))
    return np.where(finite & (result != 0), result, a * b + c)


def _product(a: Array, b: Array) -> tuple[Array, Array]:
    """Dekker's product: a * b rounded, and what the rounding lost."""
    split = 134217729.0  # 2**27 + 1
    product = a * b
    a_high = a * split - (a * split - a)
    b_high = b * split - (b * split - b)
    a_low, b_low = a - a_high, b - b_high
    lost = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, lost


def _exact(a: float, b: float, c: float) -> float:
    from fractions import Fraction

    total = Fraction(a) * Fraction(b) + Fraction(c)
    if total == 0:
        return a * b + c
    try:
        return float(total)
    except OverflowError:
        return float(np.copysign(np.inf, float(total > 0) - 0.5))


def flush(x: Array) -> Array:
    """Return `x` with subnormal float32 values made zero (.ftz)."""
    if x.dtype != np.float32:
        return x
    small = np.abs(x) < np.float32(1.1754943508222875e-38)
    return np.where(small, np.copysign(np.float32(0), x), x) if small.any() else x


def saturate(x: Array) -> Array:
    """Return `x` held between 0 and 1, NaN as 0 (.sat)."""
    return np.where(np.isnan(x), 0, np.clip(x, 0, 1)).astype(x.dtype)
