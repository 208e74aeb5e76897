"""The transforms of tiles and filters along both axes, on whole vectors, in registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ...simd.tile import INDEX, load_vector, multiply_add, store_vector, tile_type
from .formulas import PAIRS, Number, transformed_input, transformed_result, transformed_weight
from .vectors import absolute


class Vector:
    """A vector of the compiled code, with the arithmetic that formulas need."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def plus(self, factor: Number, other: Vector) -> Vector:
        """Return the sum with `factor` times the other, in one operation."""
        if factor in (1, -1):
            apply = self.builder.fadd if factor == 1 else self.builder.fsub
            return Vector(self.builder, apply(self.value, other.value))
        constant = self._constant(factor)
        return Vector(self.builder, multiply_add(self.builder, constant, other.value, self.value))

    def times(self, factor: Number) -> Vector:
        if factor == 1:
            return self
        return Vector(self.builder, self.builder.fmul(self._constant(factor), self.value))

    def _constant(self, factor: Number) -> Any:
        kind = self.value.type
        return ir.Constant(kind, [float(factor)] * kind.count)


Line = Sequence[Vector]


def _both_axes(apply: Callable[[int, Line], Line], grid: Sequence[Line]) -> list[list[Vector]]:
    """Transform the columns of a grid, along axis 0, then its rows, along axis 1."""
    columns = [apply(0, column) for column in zip(*grid, strict=True)]
    return [list(apply(1, row)) for row in zip(*columns, strict=True)]


def _shape(geometry: Any, name: str) -> tuple[int, int]:
    y, x = geometry.typeof(name).shape
    return int(y), int(x)


def _load(
    builder: Any, source: Any, rows: Any, columns: Any, shape: tuple[int, int], lanes: int
) -> list[Line]:
    grid = []
    for i in range(shape[0]):
        row = builder.gep(source, [builder.mul(rows, ir.Constant(rows.type, i))])
        line = []
        for j in range(shape[1]):
            start = builder.gep(row, [builder.mul(columns, ir.Constant(columns.type, j))])
            line.append(Vector(builder, load_vector(builder, start, 0, lanes)))
        grid.append(line)
    return grid


def _load_taps(
    builder: Any, source: Any, table: Any, shape: tuple[int, int], lanes: int
) -> list[Line]:
    """Load the taps that a table lists, of which negative ones are zeros."""
    vectors = []
    for i in range(prod(shape)):
        tap = builder.load(builder.gep(table, [INDEX(i)]))
        start = builder.gep(source, [builder.mul(tap, ir.Constant(tap.type, lanes))])
        there = builder.icmp_signed(">=", tap, ir.Constant(tap.type, 0))
        start = builder.select(there, start, source)
        value = load_vector(builder, start, 0, lanes)
        value = builder.select(there, value, ir.Constant(value.type, None))
        vectors.append(Vector(builder, value))
    return [vectors[i : i + shape[1]] for i in range(0, len(vectors), shape[1])]


def _store(builder: Any, target: Any, grid: Sequence[Line], rows: Any, columns: Any) -> None:
    for i, line in enumerate(grid):
        row = builder.gep(target, [builder.mul(rows, ir.Constant(rows.type, i))])
        for j, vector in enumerate(line):
            start = builder.gep(row, [builder.mul(columns, ir.Constant(columns.type, j))])
            store_vector(builder, vector.value, start, 0)


@intrinsic
def transform_input(typingctx, geometry, target, apart, source, pitch):  # type: ignore[no-untyped-def]
    """Transform a patch of samples, rows `pitch` apart, to points `apart` from each other."""
    lanes, points = tile_type(geometry).lanes, _shape(geometry, "patch")

    def apply(axis: int, line: Line) -> Line:
        return transformed_input(line, PAIRS[points[axis]]) if points[axis] > 1 else line

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, apart, source, pitch = args
        side = ir.Constant(pitch.type, lanes)
        grid = _both_axes(apply, _load(builder, source, pitch, side, points, lanes))
        rows = builder.mul(apart, ir.Constant(apart.type, points[1]))
        _store(builder, target, grid, rows, apart)
        return context.get_dummy_value()

    return types.void(geometry, target, types.intp, source, types.intp), generate


@intrinsic
def transform_weight(typingctx, geometry, target, apart, source, step):  # type: ignore[no-untyped-def]
    """Transform taps `step` from each other to points `apart` from each other."""
    lanes, shape = tile_type(geometry).lanes, _shape(geometry, "filter")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, apart, source, step = args
        rows = builder.mul(step, ir.Constant(step.type, lanes * shape[1]))
        columns = builder.mul(step, ir.Constant(step.type, lanes))
        taps = _load(builder, source, rows, columns, shape, lanes)
        _store_weight(builder, geometry, target, apart, taps)
        return context.get_dummy_value()

    return types.void(geometry, target, types.intp, source, types.intp), generate


@intrinsic
def transform_some(typingctx, geometry, target, apart, source, table):  # type: ignore[no-untyped-def]
    """Transform the taps that a table lists to points `apart` from each other."""
    lanes, shape = tile_type(geometry).lanes, _shape(geometry, "filter")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, apart, source, table = args
        taps = _load_taps(builder, source, table, shape, lanes)
        _store_weight(builder, geometry, target, apart, taps)
        return context.get_dummy_value()

    return types.void(geometry, target, types.intp, source, table), generate


def _store_weight(
    builder: Any, geometry: Any, target: Any, apart: Any, taps: Sequence[Line]
) -> None:
    points = _shape(geometry, "patch")

    def apply(axis: int, line: Line) -> Line:
        return transformed_weight(line, PAIRS[points[axis]]) if points[axis] > 1 else line

    rows = builder.mul(apart, ir.Constant(apart.type, points[1]))
    _store(builder, target, _both_axes(apply, taps), rows, apart)


@intrinsic
def measure_weight(typingctx, geometry, largest, total, source):  # type: ignore[no-untyped-def]
    """Take a filter's vectors into each lane's largest absolute value and sum of such values."""
    lanes, taps = tile_type(geometry).lanes, prod(_shape(geometry, "filter"))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, largest, total, source = args
        most, added = (load_vector(builder, each, 0, lanes) for each in (largest, total))
        for k in range(taps):
            value = absolute(builder, load_vector(builder, source, k * lanes, lanes))
            most = builder.select(builder.fcmp_ordered(">", value, most), value, most)
            added = builder.fadd(added, value)
        store_vector(builder, most, largest, 0)
        store_vector(builder, added, total, 0)
        return context.get_dummy_value()

    return types.void(geometry, largest, total, source), generate


@intrinsic
def measure_taps(typingctx, geometry, largest, total, source, taps):  # type: ignore[no-untyped-def]
    """Take `taps` vectors into each lane's largest absolute value and sum of absolute values."""
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, largest, total, source, taps = args
        most, added = (
            cgutils.alloca_once_value(builder, load_vector(builder, each, 0, lanes))
            for each in (largest, total)
        )
        with cgutils.for_range(builder, taps) as loop:
            start = builder.gep(source, [builder.mul(loop.index, loop.index.type(lanes))])
            value = absolute(builder, load_vector(builder, start, 0, lanes))
            old = builder.load(most)
            larger = builder.fcmp_ordered(">", value, old)
            builder.store(builder.select(larger, value, old), most)
            builder.store(builder.fadd(builder.load(added), value), added)
        store_vector(builder, builder.load(most), largest, 0)
        store_vector(builder, builder.load(added), total, 0)
        return context.get_dummy_value()

    return types.void(geometry, largest, total, source, types.intp), generate


@intrinsic
def transform_result(typingctx, geometry, target, pitch, apart, source, points_apart, bias):  # type: ignore[no-untyped-def]
    """Transform points to results plus `bias`, rows `pitch` and columns `apart` from each other."""
    lanes, points = tile_type(geometry).lanes, _shape(geometry, "patch")
    sides = [1 + n - r for n, r in zip(points, _shape(geometry, "filter"), strict=True)]

    def apply(axis: int, line: Line) -> Line:
        if points[axis] == 1:
            return line
        return transformed_result(line, PAIRS[points[axis]], sides[axis])

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, pitch, apart, source, points_apart, bias = args
        rows = builder.mul(points_apart, ir.Constant(points_apart.type, points[1]))
        grid = _both_axes(apply, _load(builder, source, rows, points_apart, points, lanes))
        shift = Vector(builder, load_vector(builder, bias, 0, lanes))
        shifted = [[value.plus(1, shift) for value in line] for line in grid]
        _store(builder, target, shifted, pitch, apart)
        return context.get_dummy_value()

    integers = (types.intp,) * 2
    return types.void(geometry, target, *integers, source, types.intp, bias), generate
