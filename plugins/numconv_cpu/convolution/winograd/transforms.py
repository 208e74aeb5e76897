"""The transforms of F(2x2, 3x3) and F(4x4, 3x3), each a few formulas on whole vectors.

Interpolated at the points 0, 1, -1, infinity, and for the larger tile also 2, -2.
Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks",
arXiv:1509.09308, sections 4.1 to 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ...simd.tile import load_vector, multiply_add, store_vector, tile_type
from .vectors import absolute


class Term:
    """A vector times a number, of which an addition makes a fused operation."""

    def __init__(self, factor: float, vector: Vector) -> None:
        self.factor, self.vector = factor, vector


class Vector:
    """A vector of the compiled code, with the arithmetic that formulas need."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def __rmul__(self, factor: float) -> Term:
        return Term(factor, self)

    def __add__(self, other: Vector | Term) -> Vector:
        if isinstance(other, Term):
            return self._fused(other.factor, other.vector)
        return Vector(self.builder, self.builder.fadd(self.value, other.value))

    def __sub__(self, other: Vector | Term) -> Vector:
        if isinstance(other, Term):
            return self._fused(-other.factor, other.vector)
        return Vector(self.builder, self.builder.fsub(self.value, other.value))

    def times(self, factor: float) -> Vector:
        return Vector(self.builder, self.builder.fmul(self._constant(factor), self.value))

    def _fused(self, factor: float, other: Vector) -> Vector:
        total = multiply_add(self.builder, self._constant(factor), other.value, self.value)
        return Vector(self.builder, total)

    def _constant(self, factor: float) -> Any:
        kind = self.value.type
        return ir.Constant(kind, [factor] * kind.count)


Line = Sequence[Vector]
Formula = Callable[[Line], Line]


def _input_2(d: Line) -> Line:
    return d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]


def _weight_2(w: Line) -> Line:
    outer = w[0] + w[2]
    return w[0], (outer + w[1]).times(0.5), (outer - w[1]).times(0.5), w[2]


def _result_2(m: Line) -> Line:
    return m[0] + m[1] + m[2], m[1] - m[2] - m[3]


def _input_4(d: Line) -> Line:
    even, odd = d[4] - 4 * d[2], d[3] - 4 * d[1]
    outer, inner = d[4] - d[2], d[3] - d[1]
    first, last = d[4] + 4 * d[0] - 5 * d[2], d[5] + 4 * d[1] - 5 * d[3]
    return first, even + odd, even - odd, outer + 2 * inner, outer - 2 * inner, last


def _weight_4(w: Line) -> Line:
    outer = w[0] + w[2]
    even = w[2].times(1 / 6) + (1 / 24) * w[0]
    return (
        w[0].times(1 / 4),
        (outer + w[1]).times(-1 / 6),
        (outer - w[1]).times(-1 / 6),
        even + (1 / 12) * w[1],
        even - (1 / 12) * w[1],
        w[2],
    )


def _result_4(m: Line) -> Line:
    sums, differences = (m[1] + m[2], m[3] + m[4]), (m[1] - m[2], m[3] - m[4])
    return (
        m[0] + sums[0] + sums[1],
        differences[0] + 2 * differences[1],
        sums[0] + 4 * sums[1],
        differences[0] + 8 * differences[1] + m[5],
    )


# By the number of points along an axis, the tile's size plus two.
INPUT: dict[int, Formula] = {4: _input_2, 6: _input_4}
WEIGHT: dict[int, Formula] = {4: _weight_2, 6: _weight_4}
RESULT: dict[int, Formula] = {4: _result_2, 6: _result_4}


def _both_axes(formula: Formula, grid: Sequence[Line]) -> list[list[Vector]]:
    """Transform the columns of a square, then its rows."""
    columns = [formula(column) for column in zip(*grid, strict=True)]
    return [list(formula(row)) for row in zip(*columns, strict=True)]


def _points(geometry: Any) -> int:
    return int(geometry.typeof("points").shape[0])


def _load(builder: Any, source: Any, lanes: int, rows: Any, columns: Any, size: int) -> list[Line]:
    grid = []
    for i in range(size):
        row = builder.gep(source, [builder.mul(rows, ir.Constant(rows.type, i))])
        line = []
        for j in range(size):
            start = builder.gep(row, [builder.mul(columns, ir.Constant(columns.type, j))])
            line.append(Vector(builder, load_vector(builder, start, 0, lanes)))
        grid.append(line)
    return grid


def _store(builder: Any, target: Any, grid: Sequence[Line], rows: Any, columns: Any) -> None:
    for i, line in enumerate(grid):
        row = builder.gep(target, [builder.mul(rows, ir.Constant(rows.type, i))])
        for j, vector in enumerate(line):
            start = builder.gep(row, [builder.mul(columns, ir.Constant(columns.type, j))])
            store_vector(builder, vector.value, start, 0)


@intrinsic
def transform_input(typingctx, geometry, target, apart, source, pitch):  # type: ignore[no-untyped-def]
    """Transform a patch of samples, rows `pitch` apart, to points `apart` from each other."""
    lanes, points = tile_type(geometry).lanes, _points(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, apart, source, pitch = args
        side = ir.Constant(pitch.type, lanes)
        grid = _both_axes(INPUT[points], _load(builder, source, lanes, pitch, side, points))
        rows = builder.mul(apart, ir.Constant(apart.type, points))
        _store(builder, target, grid, rows, apart)
        return context.get_dummy_value()

    return types.void(geometry, target, types.intp, source, types.intp), generate


@intrinsic
def transform_weight(typingctx, geometry, target, apart, source, step):  # type: ignore[no-untyped-def]
    """Transform nine taps, `step` from each other, to points `apart` from each other."""
    lanes, points = tile_type(geometry).lanes, _points(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, apart, source, step = args
        rows = builder.mul(step, ir.Constant(step.type, 3))
        grid = _both_axes(WEIGHT[points], _load(builder, source, lanes, rows, step, 3))
        rows = builder.mul(apart, ir.Constant(apart.type, points))
        _store(builder, target, grid, rows, apart)
        return context.get_dummy_value()

    return types.void(geometry, target, types.intp, source, types.intp), generate


@intrinsic
def measure_weight(typingctx, geometry, largest, total, source):  # type: ignore[no-untyped-def]
    """Take nine taps into each lane's largest absolute value and sum of absolute values."""
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, largest, total, source = args
        most, added = (load_vector(builder, each, 0, lanes) for each in (largest, total))
        for k in range(9):
            value = absolute(builder, load_vector(builder, source, k * lanes, lanes))
            most = builder.select(builder.fcmp_ordered(">", value, most), value, most)
            added = builder.fadd(added, value)
        store_vector(builder, most, largest, 0)
        store_vector(builder, added, total, 0)
        return context.get_dummy_value()

    return types.void(geometry, largest, total, source), generate


@intrinsic
def transform_result(typingctx, geometry, target, pitch, source, apart, bias):  # type: ignore[no-untyped-def]
    """Transform points `apart` from each other to results, rows `pitch` apart, plus `bias`."""
    lanes, points = tile_type(geometry).lanes, _points(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, pitch, source, apart, bias = args
        rows = builder.mul(apart, ir.Constant(apart.type, points))
        grid = _both_axes(RESULT[points], _load(builder, source, lanes, rows, apart, points))
        shift = Vector(builder, load_vector(builder, bias, 0, lanes))
        shifted = [[value + shift for value in line] for line in grid]
        _store(builder, target, shifted, pitch, ir.Constant(pitch.type, lanes))
        return context.get_dummy_value()

    return types.void(geometry, target, types.intp, source, types.intp, bias), generate
