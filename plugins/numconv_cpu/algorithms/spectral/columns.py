"""The first axis: samples and taps into spectra of columns, and columns back into results.

Columns of a plane are transformed a vector at a time, in a line. Real values are halved on the
way: the value `j` and the one half a length on, `n` in all, become the real and the imaginary
part of one number, multiplied by ``exp(i pi j / n)``. A product of such polynomials is one modulo
``u**(n/2) - i``: its coefficients' parts are those of the real product (J. Bernstein, "Multidigit
multiplication for mathematicians", 2001, section 5: the right-angle convolution).

A signal is folded row by row into a plane (`fourier.twiddles`).
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, integers
from ...simd.tile import copy_vector
from ..fourier.lines import backward_line, forward_line
from .operand import copy_run, row_of
from .vectors import (
    clear_vector,
    multiply_conjugate_lane_twiddles,
    multiply_conjugate_twiddle,
    multiply_lane_twiddles,
    multiply_twiddle,
)


@kernel
def forward_strip(  # type: ignore[no-untyped-def]
    plane, operand, channel, middle, strip, own, factors, tables, g
):
    """Transform a few columns beside each other of one plane.

    Parameters
    ----------
    plane : pointer
        To the spectra of the columns, row by row.
    middle : int
        Which row of every layer the columns go through.
    """
    stay_whole()
    width = g.columns if g.folded else operand.width
    first = strip * g.strip * g.lanes
    vectors = min(g.strip, (width - first + g.lanes - 1) // g.lanes)
    scale = at(own, g.own_scale)
    scale[0] = 2.0 ** (-integers(operand.record)[1])
    for v in range(vectors):
        line, column = at(own, v * g.line), first + v * g.lanes
        for r in range(g.rows):
            place, factor = at(line, r * g.lanes), at(factors, g.at_row_twiddles + 2 * r)
            gather(place, operand, channel, middle, r, column, own, g)
            multiply_twiddle(g, place, g.imaginary, factor, scale[0])
        forward_line(line, g.lanes, g.imaginary, g.rows, factors, at(tables, g.at_stages_outer), g)
        if g.folded:
            step_twiddles = at(factors, g.at_step_twiddles + 2 * g.rows * (column // g.lanes))
            for r in range(g.rows):
                lane_factors = at(factors, g.at_lane_twiddles + 2 * g.lanes * r)
                place = at(line, r * g.lanes)
                multiply_lane_twiddles(
                    g, place, g.imaginary, at(step_twiddles, 2 * r), lane_factors
                )
    for r in range(g.rows):
        target = at(plane, r * g.layer + middle * g.pitch + first)
        for v in range(vectors):
            source = at(own, v * g.line + r * g.lanes)
            copy_vector(g, at(target, v * g.lanes), source)
            copy_vector(g, at(target, g.apart + v * g.lanes), at(source, g.imaginary))


@kernel
def gather(place, operand, channel, middle, r, column, own, g):  # type: ignore[no-untyped-def]
    """Copy a vector of a plane's row, and what goes with it as the imaginary part."""
    stay_whole()
    other = at(place, g.imaginary)
    if g.parts == 1:
        gather_real(place, operand, channel, middle, r, column, g)
        gather_real(other, operand, channel, middle, r + g.rows, column, g)
        return
    room = at(own, g.own_room)
    o, first = (0, r * g.columns + column) if g.folded else (r, column)
    copy_run(room, operand, channel, o, middle, first, g.lanes, g)
    for i in range(g.lanes):
        place[i], other[i] = room[2 * i], room[2 * i + 1]


@kernel
def gather_real(place, operand, channel, middle, r, column, g):  # type: ignore[no-untyped-def]
    """Copy a vector of a plane's row."""
    stay_whole()
    o, first = (0, r * g.columns + column) if g.folded else (r, column)
    plain = operand.step == 1 and integers(operand.record)[0] == 0
    if o >= operand.depth or first >= operand.width:
        clear_vector(g, place)
    elif plain and first + g.lanes <= operand.width:
        copy_vector(g, place, at(row_of(operand, channel, o, middle, g), first))
    else:
        copy_run(place, operand, channel, o, middle, first, g.lanes, g)


@kernel
def backward_strip(out, plane, middle, strip, one, other, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Undo `forward_strip` for products, and write them to their places.

    Parameters
    ----------
    out : pointer
        To the first result of the plane.
    middle : int
        Which row of every layer the columns go through, of those that are kept.
    one, other : float
        What all is multiplied by, in this order.
    """
    stay_whole()
    first = strip * g.strip * g.lanes
    vectors = min(g.strip, (g.result_columns - first + g.lanes - 1) // g.lanes)
    scale = at(own, g.own_scale)
    scale[0], scale[1] = one, other
    for r in range(g.rows):
        row = g.kept_from_middle + middle
        source = at(plane, r * g.layer + row * g.pitch + first)
        for v in range(vectors):
            place = at(own, v * g.line + r * g.lanes)
            copy_vector(g, place, at(source, v * g.lanes))
            copy_vector(g, at(place, g.imaginary), at(source, g.apart + v * g.lanes))
    for v in range(vectors):
        line, column = at(own, v * g.line), first + v * g.lanes
        if g.folded:
            step_twiddles = at(factors, g.at_step_twiddles + 2 * g.rows * (column // g.lanes))
            for r in range(g.rows):
                lane_factors = at(factors, g.at_lane_twiddles + 2 * g.lanes * r)
                place = at(line, r * g.lanes)
                multiply_conjugate_lane_twiddles(
                    g, place, g.imaginary, at(step_twiddles, 2 * r), lane_factors
                )
        backward_line(line, g.lanes, g.imaginary, g.rows, factors, at(tables, g.at_stages_outer), g)
        for r in range(g.rows):
            place, factor = at(line, r * g.lanes), at(factors, g.at_row_twiddles + 2 * r)
            multiply_conjugate_twiddle(g, place, g.imaginary, factor, scale[0])
    for r in range(g.rows):
        for v in range(vectors):
            place, column = at(own, v * g.line + r * g.lanes), first + v * g.lanes
            imaginary = at(place, g.imaginary)
            if g.parts == 1:
                scatter(out, place, place, middle, r, column, scale[1], g)
                scatter(out, imaginary, imaginary, middle, r + g.rows, column, scale[1], g)
            else:
                scatter(out, place, imaginary, middle, r, column, scale[1], g)


@kernel
def scatter(out, real, imaginary, middle, r, column, factor, g):  # type: ignore[no-untyped-def]
    """Write a vector of products, those that are results, times `factor`."""
    stay_whole()
    if g.folded:
        first, end = r * g.columns + column - g.shift_inner, g.result_size_inner
        row = 0
    else:
        first, end = column + g.skipped_inner, g.skipped_inner + g.kept_inner
        o = r - g.shift_outer
        if o < 0 or o >= g.result_size_outer:
            return
        row = (o * g.result_size_middle + middle + g.skipped_middle) * g.result_size_inner
    begin, count = max(-first, 0), min(end - first, g.lanes)
    if g.folded:
        count = min(count, g.columns - column)
    target = at(out, g.parts * (row + first))
    if g.parts == 1:
        for i in range(begin, count):
            target[i] = real[i] * factor
    else:
        for i in range(begin, count):
            target[2 * i], target[2 * i + 1] = real[i] * factor, imaginary[i] * factor
