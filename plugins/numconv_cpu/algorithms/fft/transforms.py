"""Fourier transforms of blocks: of the columns, and of the rows as columns of the transpose.

A block is a matrix of complex numbers, its real parts before the imaginary ones. A piece of a
signal is a block too, folded row by row: with step twiddles between the two transforms, its
spectrum is that of the piece.
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at
from ...simd.transpose import transpose_lanes
from ..fourier.butterflies import multiply, multiply_conjugate
from ..fourier.lines import backward_line, forward_line


@kernel
def forward(block, spectrum, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform `block`; its spectrum is transposed and out of order."""
    stay_whole()
    pitch, stages = g.pitch, at(tables, g.at_stages_y)
    for column in range(0, g.columns, g.lanes):
        forward_line(at(block, column), pitch, g.imaginary, g.rows, factors, stages, g)
    if g.folded:
        for row in range(g.rows):
            for v in range(row * g.pitch, row * g.pitch + g.columns, g.lanes):
                place = at(block, v)
                multiply(g, place, place, at(factors, g.at_step_twiddles + v), g.imaginary)
    transpose(spectrum, g.spectrum_pitch, block, g.pitch, g.rows, g.columns, g)
    pitch, stages = g.spectrum_pitch, at(tables, g.at_stages_x)
    for row in range(0, g.rows, g.lanes):
        forward_line(at(spectrum, row), pitch, g.imaginary, g.columns, factors, stages, g)


@kernel
def backward(spectrum, block, factors, tables, g):  # type: ignore[no-untyped-def]
    """Undo `forward`, but for a factor of as many numbers as a block has."""
    stay_whole()
    pitch, stages = g.spectrum_pitch, at(tables, g.at_stages_x)
    for row in range(0, g.rows, g.lanes):
        backward_line(at(spectrum, row), pitch, g.imaginary, g.columns, factors, stages, g)
    transpose(block, g.pitch, spectrum, g.spectrum_pitch, g.columns, g.rows, g)
    if g.folded:
        for row in range(g.rows):
            for v in range(row * g.pitch, row * g.pitch + g.columns, g.lanes):
                place = at(block, v)
                multiply_conjugate(
                    g, place, place, at(factors, g.at_step_twiddles + v), g.imaginary
                )
    pitch, stages = g.pitch, at(tables, g.at_stages_y)
    for column in range(0, g.columns, g.lanes):
        backward_line(at(block, column), pitch, g.imaginary, g.rows, factors, stages, g)


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
