"""Butterflies: the steps of a Fourier transform, on as many transforms as a vector has lanes.

Real and imaginary parts stand in vectors of their own, `imaginary` elements apart, so nothing is
ever shuffled. A forward butterfly leaves its results where its operands stood, in the order in
which they are transformed further; a backward one undoes that. Spectra are therefore out of
order, all in the same way, which their products do not mind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, pi, sin, sqrt
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

    def plus_scaled(self, other: Complex, factor: float) -> Complex:
        build, kind = self.builder, self.real.type
        factors = ir.Constant(kind, [factor] * kind.count)
        real = multiply_add(build, other.real, factors, self.real)
        return self._new(real, multiply_add(build, other.imaginary, factors, self.imaginary))

    def _new(self, real: Any, imaginary: Any) -> Complex:
        return Complex(self.builder, real, imaginary)


Line = Sequence[Complex]
Formula = Callable[[Line], Line]


def _two(a: Line) -> Line:
    return a[0] + a[1], a[0] - a[1]


def _three(a: Line) -> Line:
    total, rotated = a[1] + a[2], (a[2] - a[1]).scaled(sqrt(3) / 2).times_i()
    middle = a[0] - total.scaled(0.5)
    return a[0] + total, middle + rotated, middle - rotated


def _four(a: Line) -> Line:
    even, odd = a[0] + a[2], a[1] + a[3]
    difference, rotated = a[0] - a[2], (a[3] - a[1]).times_i()
    return even + odd, difference + rotated, even - odd, difference - rotated


def _five(a: Line) -> Line:
    near, far = a[1] + a[4], a[2] + a[3]
    near_rotated, far_rotated = (a[4] - a[1]).times_i(), (a[3] - a[2]).times_i()
    (c1, s1), (c2, s2) = ((cos(angle), sin(angle)) for angle in (0.4 * pi, 0.8 * pi))
    first = a[0].plus_scaled(near, c1).plus_scaled(far, c2)
    second = a[0].plus_scaled(near, c2).plus_scaled(far, c1)
    first_rotated = near_rotated.scaled(s1).plus_scaled(far_rotated, s2)
    second_rotated = near_rotated.scaled(s2).plus_scaled(far_rotated, -s1)
    return (
        a[0] + near + far,
        first + first_rotated,
        second + second_rotated,
        second - second_rotated,
        first - first_rotated,
    )


# The discrete Fourier transforms of so many numbers, in their order.
FORMULAS: dict[int, Formula] = {2: _two, 3: _three, 4: _four, 5: _five}


def load_complex(builder: Any, place: Any, imaginary: Any, lanes: int) -> Complex:
    """Emit the load of a complex vector."""
    apart = builder.gep(place, [imaginary])
    return Complex(
        builder, load_vector(builder, place, 0, lanes), load_vector(builder, apart, 0, lanes)
    )


def store_complex(builder: Any, value: Complex, place: Any, imaginary: Any) -> None:
    """Emit its store."""
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
            pointers = [row_start(builder, target, apart, i) for i in range(radix)]
            values: Line = [load_complex(builder, place, imaginary, lanes) for place in pointers]
            factors = _factors(builder, twiddles, radix - 1, lanes)
            if forward:
                first, *others = formula(values)
                rotated = [a * factor for a, factor in zip(others, factors, strict=True)]
                values = [first, *rotated]
            else:
                first, *others = values
                pairs = zip(others, factors, strict=True)
                first, *others = formula([first, *(a.times_conjugate(w) for a, w in pairs)])
                # The inverse is the same sum with the other sign of each index but the first.
                values = [first, *others[::-1]]
            for value, place in zip(values, pointers, strict=True):
                store_complex(builder, value, place, imaginary)
            return context.get_dummy_value()

        return types.void(geometry, target, types.intp, types.intp, twiddles), generate

    butterfly.__doc__ = (
        f"Transform {radix} vectors, `apart` from each other, {'there' if forward else 'back'}."
    )
    return intrinsic(butterfly)


forward_2, forward_3, forward_4, forward_5 = (_butterfly(radix, True) for radix in FORMULAS)
backward_2, backward_3, backward_4, backward_5 = (_butterfly(radix, False) for radix in FORMULAS)


def _product(conjugate: bool, added: bool) -> Any:
    def product(typingctx, geometry, target, source, factor, imaginary):  # type: ignore[no-untyped-def]
        lanes = tile_type(geometry).lanes

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _, target, source, factor, imaginary = args
            a, b = (load_complex(builder, each, imaginary, lanes) for each in (source, factor))
            value = a.times_conjugate(b) if conjugate else a * b
            if added:
                value = load_complex(builder, target, imaginary, lanes) + value
            store_complex(builder, value, target, imaginary)
            return context.get_dummy_value()

        return types.void(geometry, target, source, factor, types.intp), generate

    return intrinsic(product)


multiply = _product(conjugate=False, added=False)
"""Write ``target = source * factor``, a complex vector each."""
add_product = _product(conjugate=False, added=True)
"""Write ``target += source * factor``."""
multiply_conjugate = _product(conjugate=True, added=False)
"""Write ``target = source * conj(factor)``."""
add_product_with_conjugate = _product(conjugate=True, added=True)
"""Write ``target += source * conj(factor)``."""
