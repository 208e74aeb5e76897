"""Butterflies: the steps of a Fourier transform, on as many transforms as a vector has lanes.

Real and imaginary parts stand in vectors of their own, `imaginary` elements apart, so nothing is
ever shuffled. A forward butterfly leaves its results where its operands stood, in the order in
which they are transformed further; a backward one undoes that. Spectra are therefore out of
order, all in the same way, which their products do not mind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ...simd.tile import broadcast, load_vector, multiply_add, row_start, store_vector, tile_type


class Complex:
    """A complex vector of the compiled code, with the arithmetic that formulas need."""

    def __init__(self, builder: Any, real: Any, imaginary: Any) -> None:
        self.builder, self.real, self.imaginary = builder, real, imaginary

    def __add__(self, other: Complex) -> Complex:
        add = self.builder.fadd
        return self._new(add(self.real, other.real), add(self.imaginary, other.imaginary))

    def __sub__(self, other: Complex) -> Complex:
        subtract = self.builder.fsub
        return self._new(subtract(self.real, other.real), subtract(self.imaginary, other.imaginary))

    def __mul__(self, other: Complex) -> Complex:
        build = self.builder
        real = build.fneg(build.fmul(self.imaginary, other.imaginary))
        real = multiply_add(build, self.real, other.real, real)
        imaginary = build.fmul(self.imaginary, other.real)
        imaginary = multiply_add(build, self.real, other.imaginary, imaginary)
        return self._new(real, imaginary)

    def times_conjugate(self, other: Complex) -> Complex:
        build = self.builder
        real = build.fmul(self.imaginary, other.imaginary)
        real = multiply_add(build, self.real, other.real, real)
        imaginary = build.fneg(build.fmul(self.real, other.imaginary))
        imaginary = multiply_add(build, self.imaginary, other.real, imaginary)
        return self._new(real, imaginary)

    def times_i(self) -> Complex:
        return self._new(self.builder.fneg(self.imaginary), self.real)

    def scaled(self, factor: float) -> Complex:
        build, kind = self.builder, self.real.type
        factors = ir.Constant(kind, [factor] * kind.count)
        return self._new(build.fmul(self.real, factors), build.fmul(self.imaginary, factors))

    def _new(self, real: Any, imaginary: Any) -> Complex:
        return Complex(self.builder, real, imaginary)


Line = Sequence[Complex]
Formula = Callable[[Line], Line]


def _two(a: Line) -> Line:
    return a[0] + a[1], a[0] - a[1]


def _three(a: Line) -> Line:
    total, turned = a[1] + a[2], (a[2] - a[1]).scaled(sqrt(3) / 2).times_i()
    middle = a[0] - total.scaled(0.5)
    return a[0] + total, middle + turned, middle - turned


def _four(a: Line) -> Line:
    even, odd = a[0] + a[2], a[1] + a[3]
    straight, turned = a[0] - a[2], (a[3] - a[1]).times_i()
    return even + odd, straight + turned, even - odd, straight - turned


# The discrete Fourier transforms of so many numbers, in their order.
FORMULAS: dict[int, Formula] = {2: _two, 3: _three, 4: _four}


def _load(builder: Any, place: Any, imaginary: Any, lanes: int) -> Complex:
    apart = builder.gep(place, [imaginary])
    return Complex(
        builder, load_vector(builder, place, 0, lanes), load_vector(builder, apart, 0, lanes)
    )


def _store(builder: Any, value: Complex, place: Any, imaginary: Any) -> None:
    store_vector(builder, value.real, place, 0)
    store_vector(builder, value.imaginary, builder.gep(place, [imaginary]), 0)


def _factors(builder: Any, twiddles: Any, count: int, lanes: int) -> list[Complex]:
    """Load `count` complex numbers, each for all lanes."""
    parts = [builder.load(builder.gep(twiddles, [ir.IntType(32)(i)])) for i in range(2 * count)]
    wide = [broadcast(builder, part, lanes) for part in parts]
    return [Complex(builder, *wide[i : i + 2]) for i in range(0, 2 * count, 2)]


def _butterfly(radix: int, forward: bool) -> Any:
    formula = FORMULAS[radix]

    def butterfly(typingctx, geometry, target, apart, imaginary, twiddles):  # type: ignore[no-untyped-def]
        lanes = tile_type(geometry).lanes

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _, target, apart, imaginary, twiddles = args
            places = [row_start(builder, target, apart, i) for i in range(radix)]
            values: Line = [_load(builder, place, imaginary, lanes) for place in places]
            factors = _factors(builder, twiddles, radix - 1, lanes)
            if forward:
                first, *others = formula(values)
                turned = [a * factor for a, factor in zip(others, factors, strict=True)]
                values = [first, *turned]
            else:
                first, *others = values
                pairs = zip(others, factors, strict=True)
                first, *others = formula([first, *(a.times_conjugate(w) for a, w in pairs)])
                # The inverse is the same sum with the other sign of each index but the first.
                values = [first, *others[::-1]]
            for value, place in zip(values, places, strict=True):
                _store(builder, value, place, imaginary)
            return context.get_dummy_value()

        return types.void(geometry, target, types.intp, types.intp, twiddles), generate

    butterfly.__doc__ = (
        f"Transform {radix} vectors, `apart` from each other, {'there' if forward else 'back'}."
    )
    return intrinsic(butterfly)


forward_2, forward_3, forward_4 = (_butterfly(radix, True) for radix in FORMULAS)
backward_2, backward_3, backward_4 = (_butterfly(radix, False) for radix in FORMULAS)


def _product(conjugate: bool, added: bool) -> Any:
    def product(typingctx, geometry, target, source, factor, imaginary):  # type: ignore[no-untyped-def]
        lanes = tile_type(geometry).lanes

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _, target, source, factor, imaginary = args
            a, b = (_load(builder, each, imaginary, lanes) for each in (source, factor))
            value = a.times_conjugate(b) if conjugate else a * b
            if added:
                value = _load(builder, target, imaginary, lanes) + value
            _store(builder, value, target, imaginary)
            return context.get_dummy_value()

        return types.void(geometry, target, source, factor, types.intp), generate

    return intrinsic(product)


multiply = _product(conjugate=False, added=False)
"""Write ``target = source * factor``, a complex vector each."""
multiply_conjugate = _product(conjugate=True, added=False)
"""Write ``target = source * conj(factor)``."""
add_product_with_conjugate = _product(conjugate=True, added=True)
"""Write ``target += source * conj(factor)``."""
