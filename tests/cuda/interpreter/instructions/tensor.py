"""Tensor cores: ldmatrix and mma.sync.

Where the values of a matrix lie among the threads of a warp is given by row and column of each
register's value, as functions of the lane; see "Warp Level Matrix Instructions" of the PTX ISA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formats import TYPES, Type, widen
from ..machine import Control, Index, Step, Together
from ..report import Array
from ..syntax import Vector
from .building import Build, known

_LANE = np.arange(32)
_GROUP, _MEMBER = _LANE >> 2, _LANE & 3


@dataclass(frozen=True)
class Layout:
    """Row and column of each value: arrays (32, values of a lane)."""

    rows: Array
    columns: Array


def _layout(places: list[tuple[Any, Any]]) -> Layout:
    rows, columns = zip(*places, strict=True)
    return Layout(np.stack(rows, axis=1), np.stack(columns, axis=1))


def layouts(k: int, packed: int) -> tuple[Layout, Layout, Layout]:
    """Return layouts of a (16, k), b (k, 8) and c (16, 8); `packed` values share a register."""
    width = 4 * packed  # columns of a that one register of all lanes covers
    a, b = [], []
    for block in range(k // width):
        column = block * width + _MEMBER * packed
        a += [(_GROUP + down, column + i) for down in (0, 8) for i in range(packed)]
        b += [(column + i, _GROUP) for i in range(packed)]
    c = [(_GROUP + down, 2 * _MEMBER + i) for down in (0, 8) for i in (0, 1)]
    return _layout(a), _layout(b), _layout(c)


_DOUBLE = (
    _layout([(_GROUP, _MEMBER)]),
    _layout([(_MEMBER, _GROUP)]),
    _layout([(_GROUP, 2 * _MEMBER), (_GROUP, 2 * _MEMBER + 1)]),
)
_SHAPES = {
    ("m16n8k4", "tf32"): (16, 4, 1),
    ("m16n8k8", "tf32"): (16, 8, 1),
    ("m16n8k8", "f16"): (16, 8, 2),
    ("m16n8k16", "f16"): (16, 16, 2),
    ("m16n8k8", "bf16"): (16, 8, 2),
    ("m16n8k16", "bf16"): (16, 16, 2),
    ("m8n8k4", "f64"): (8, 4, 1),
}


@known("mma")
def mma(build: Build) -> Step | Control:
    build.choice("sync"), build.choice("aligned")
    shape = build.choice(*{name for name, _ in _SHAPES})
    build.choice("row"), build.choice("col")
    results, first, second, sums = (build.type() for _ in range(4))
    wide = "f64" if first.name == "f64" else "f32"
    if first != second or (results.name, sums.name) != (wide, wide):
        raise build.unknown()
    if (shape, first.name) not in _SHAPES:
        raise build.unknown()
    rows, k, packed = _SHAPES[shape, first.name]
    a, b, c = _DOUBLE if first.name == "f64" else layouts(k, packed)
    target = _fragment(build, 0, results)
    parts = [_fragment(build, 1, first), _fragment(build, 2, first), _fragment(build, 3, sums)]
    for registers, layout in zip(parts, (a, b, c), strict=True):
        if len(registers) * (packed if layout is not c else 1) != layout.rows.shape[1]:
            raise build.unknown()
    launch = build.launch

    def run(index: Index) -> None:
        left, right, total = (_values(each, index) for each in parts)
        if first.name == "tf32":
            cut = (left.view(np.uint32) & 0x1FFF).astype(bool).sum()
            cut += (right.view(np.uint32) & 0x1FFF).astype(bool).sum()
            launch.report.unrounded_tf32 += int(cut)
        left, right = _operand(left, first), _operand(right, first)
        warps = len(left) // 32
        x = _matrix(left, a, (warps, rows, k))
        y = _matrix(right, b, (warps, k, 8))
        z = _matrix(total, c, (warps, rows, 8))
        for step in range(k):  # products are exact; each sum is rounded
            z = z + x[:, :, step, None] * y[:, step, None, :]
        result = z[:, c.rows, c.columns].reshape(32 * warps, -1)
        for number, register in enumerate(target):
            register[index] = result[:, number]

    return Together(step=run)


def _fragment(build: Build, number: int, kind: Type) -> list[Array]:
    vector = build.operand(number)
    items = vector.items if isinstance(vector, Vector) else (vector,)
    if kind.bits == 16:
        kind = TYPES[kind.name + "x2"]
    place = build.launch.target if number == 0 else build.launch.source
    return [place(each, kind) for each in items]


def _values(registers: list[Array], index: Index) -> Array:
    """Return the values of each thread, (threads, values)."""
    values = [each[index] for each in registers]
    stacked = np.stack(values, axis=1)
    return stacked.reshape(len(stacked), -1)


def _operand(values: Array, kind: Type) -> Array:
    """Return what the tensor cores multiply: of tf32 operands they drop the last 13 bits."""
    if kind.name == "tf32":
        return (values.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)
    if kind.name == "f64":
        return values
    return widen(values, kind).astype(np.float32)


def _matrix(values: Array, layout: Layout, shape: tuple[int, int, int]) -> Array:
    matrix = np.zeros(shape, values.dtype)
    matrix[:, layout.rows, layout.columns] = values.reshape(shape[0], 32, -1)
    return matrix


@known("ldmatrix")
def ldmatrix(build: Build) -> Step | Control:
    """8 x 8 matrices of 16-bit values: eight lanes give the rows of each, all lanes get two."""
    build.choice("sync"), build.choice("aligned"), build.choice("m8n8")
    count = int(build.choice("x1", "x2", "x4")[1])
    turned = build.flag("trans")
    build.choice("shared", "shared::cta")
    build.choice("b16")
    vector = build.operand(0)
    items = vector.items if isinstance(vector, Vector) else (vector,)
    if len(items) != count:
        raise build.unknown()
    targets = [build.launch.target(each, TYPES["f16x2"]) for each in items]
    targets = [each.view(np.uint16) for each in targets]
    where = build.launch.addresses(build.operand(1), "shared")
    memory, ids = build.launch.memory, build.launch.ids
    access = build.launch.access(build.instruction)
    word = np.dtype(np.uint16)

    def run(index: Index) -> None:
        givers = (ids[index] & 31) < 8 * count
        rows = where(index)[givers]
        loaded = memory.load(rows, ids[index][givers], word, 8, "shared", access)
        matrices = loaded.reshape(-1, count, 8, 8)
        if turned:
            matrices = matrices.transpose(0, 1, 3, 2)
        for number, target in enumerate(targets):
            # Row lane // 4, columns 2 (lane % 4) and the next: just the order in memory.
            target[index] = matrices[:, number].reshape(-1, 2)

    return Together(step=run)
