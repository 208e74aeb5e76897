"""Fourier transforms of blocks: of the columns, and of the rows as columns of the transpose.

A block is a matrix of complex numbers, its real parts before the imaginary ones. A piece of a
signal is a block too, folded row by row: with factors between the two transforms, its spectrum
is that of the piece (W. Gentleman and G. Sande, "Fast Fourier Transforms: for fun and profit",
1966).
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at
from ...simd.transpose import transpose_lanes
from .butterflies import (
    backward_2,
    backward_3,
    backward_4,
    forward_2,
    forward_3,
    forward_4,
    multiply,
    multiply_conjugate,
)


@kernel
def forward(block, spectrum, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform `block`; its spectrum is transposed and out of order."""
    stay_whole()
    forward_columns(block, g.rows, g.columns, g.pitch, factors, at(tables, g.at_stages_y), g)
    if g.folded:
        for row in range(g.rows):
            for v in range(row * g.pitch, row * g.pitch + g.columns, g.lanes):
                place = at(block, v)
                multiply(g, place, place, at(factors, g.at_step_twiddles + v), g.imaginary)
    transpose(spectrum, g.spectrum_pitch, block, g.pitch, g.rows, g.columns, g)
    pitch, stages = g.spectrum_pitch, at(tables, g.at_stages_x)
    forward_columns(spectrum, g.columns, g.rows, pitch, factors, stages, g)


@kernel
def backward(spectrum, block, factors, tables, g):  # type: ignore[no-untyped-def]
    """Undo `forward`, but for a factor of as many numbers as a block has."""
    stay_whole()
    pitch, stages = g.spectrum_pitch, at(tables, g.at_stages_x)
    backward_columns(spectrum, g.columns, g.rows, pitch, factors, stages, g)
    transpose(block, g.pitch, spectrum, g.spectrum_pitch, g.columns, g.rows, g)
    if g.folded:
        for row in range(g.rows):
            for v in range(row * g.pitch, row * g.pitch + g.columns, g.lanes):
                place = at(block, v)
                multiply_conjugate(
                    g, place, place, at(factors, g.at_step_twiddles + v), g.imaginary
                )
    backward_columns(block, g.rows, g.columns, g.pitch, factors, at(tables, g.at_stages_y), g)


@kernel
def transpose(target, target_pitch, source, pitch, rows, columns, g):  # type: ignore[no-untyped-def]
    """Copy a block with rows and columns exchanged, in squares of vectors."""
    for part in (0, g.imaginary):
        for row in range(0, rows, g.lanes):
            for column in range(0, columns, g.lanes):
                place = at(target, part + column * target_pitch + row)
                transpose_lanes(
                    g, place, target_pitch, at(source, part + row * pitch + column), pitch
                )


@kernel
def forward_columns(block, length, width, pitch, factors, stages, g):  # type: ignore[no-untyped-def]
    """Transform columns, a vector of them at a time, which stays in the nearest cache.

    Parameters
    ----------
    stages : pointer
        To the number of stages, then the radix of each and where its factors begin.
    """
    stay_whole()
    for v in range(0, width, g.lanes):
        size = length
        for stage in range(1, 2 * stages[0], 2):
            radix, twiddles = stages[stage], at(factors, stages[stage + 1])
            apart = size // radix
            for j in range(apart):
                own = at(twiddles, 2 * (radix - 1) * j)
                for start in range(j, length, size):
                    place = at(block, start * pitch + v)
                    if radix == 4:
                        forward_4(g, place, apart * pitch, g.imaginary, own)
                    elif radix == 3:
                        forward_3(g, place, apart * pitch, g.imaginary, own)
                    else:
                        forward_2(g, place, apart * pitch, g.imaginary, own)
            size = apart


@kernel
def backward_columns(block, length, width, pitch, factors, stages, g):  # type: ignore[no-untyped-def]
    """Undo `forward_columns`, the last stage first."""
    stay_whole()
    for v in range(0, width, g.lanes):
        apart = 1
        for stage in range(2 * stages[0] - 1, 0, -2):
            radix, twiddles = stages[stage], at(factors, stages[stage + 1])
            size = apart * radix
            for j in range(apart):
                own = at(twiddles, 2 * (radix - 1) * j)
                for start in range(j, length, size):
                    place = at(block, start * pitch + v)
                    if radix == 4:
                        backward_4(g, place, apart * pitch, g.imaginary, own)
                    elif radix == 3:
                        backward_3(g, place, apart * pitch, g.imaginary, own)
                    else:
                        backward_2(g, place, apart * pitch, g.imaginary, own)
            apart = size
