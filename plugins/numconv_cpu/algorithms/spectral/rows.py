"""The other axes: along the middle one in place, and along the inner one with the product."""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear
from ...simd.transpose import transpose_lanes
from ..fourier.butterflies import add_product, multiply
from ..fourier.lines import backward_line, forward_line


@kernel
def multiply_layer(samples, taps, r, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Multiply a layer of a volume's planes, there and back along the middle axis as well."""
    for c in range(g.given_channels):
        plane = at(samples, c * g.plane)
        middle_layer(plane, r, g.seen_middle, g.sample_columns, factors, tables, g)
    for row in range(0, g.middles, g.lanes):
        multiply_rows(samples, taps, r * g.layer + row * g.pitch, own, factors, tables, g)
    for result in range(g.result_channels):
        middle_layer_back(at(samples, result * g.plane), r, factors, tables, g)


@kernel
def middle_layer(plane, r, height, width, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform a layer along its middle axis; from row `height` on, it is zeros."""
    stay_whole()
    layer, filled = at(plane, r * g.layer), -(-width // g.lanes) * g.lanes
    for m in range(height, g.middles):
        clear(at(layer, m * g.pitch), filled)
        clear(at(layer, g.apart + m * g.pitch), filled)
    for column in range(0, width, g.lanes):
        line, stages = at(layer, column), at(tables, g.at_stages_middle)
        forward_line(line, g.pitch, g.apart, g.middles, factors, stages, g)


@kernel
def middle_layer_back(plane, r, factors, tables, g):  # type: ignore[no-untyped-def]
    """Undo `middle_layer` for products."""
    stay_whole()
    layer = at(plane, r * g.layer)
    for column in range(0, g.result_columns, g.lanes):
        line, stages = at(layer, column), at(tables, g.at_stages_middle)
        backward_line(line, g.pitch, g.apart, g.middles, factors, stages, g)


@kernel
def multiply_rows(samples, taps, first, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform as many rows as a vector has lanes, multiply by the taps', and transform back.

    Parameters
    ----------
    samples, taps : pointer
        To planes of one item, and to those of the filters of its group. The products take the
        samples' place.
    first : int
        Where the first of the rows stands in each plane.
    """
    stay_whole()
    lines = at(own, 2 * g.line)
    for c in range(g.given_channels):
        line, plane = at(lines, c * g.line), at(samples, c * g.plane + first)
        forward_rows(line, plane, g.sample_columns, factors, tables, g)
    for result in range(g.result_channels):
        total, own_taps = own, at(own, g.line)
        for c in range(g.given_channels):
            plane = at(taps, (result * g.given_channels + c) * g.plane + first)
            forward_rows(own_taps, plane, g.tap_columns, factors, tables, g)
            line = at(lines, c * g.line)
            for i in range(0, g.columns * g.lanes, g.lanes):
                if c == 0:
                    multiply(g, at(total, i), at(line, i), at(own_taps, i), g.imaginary)
                else:
                    add_product(g, at(total, i), at(line, i), at(own_taps, i), g.imaginary)
        backward_line(
            total, g.lanes, g.imaginary, g.columns, factors, at(tables, g.at_stages_inner), g
        )
        target = at(samples, result * g.plane + first)
        for column in range(0, g.result_columns, g.lanes):
            for line_part, part in ((0, 0), (g.imaginary, g.apart)):
                source = at(total, line_part + (g.first_column + column) * g.lanes)
                transpose_lanes(g, at(target, part + column), g.pitch, source, g.lanes)


@kernel
def forward_rows(line, rows, width, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform as many rows as there are lanes; from column `width` on, they are zeros."""
    stay_whole()
    for line_part, part in ((0, 0), (g.imaginary, g.apart)):
        for column in range(0, width, g.lanes):
            target = at(line, line_part + column * g.lanes)
            transpose_lanes(g, target, g.lanes, at(rows, part + column), g.pitch)
        filled = -(-width // g.lanes) * g.lanes
        clear(at(line, line_part + filled * g.lanes), max(g.columns - filled, 0) * g.lanes)
    forward_line(line, g.lanes, g.imaginary, g.columns, factors, at(tables, g.at_stages_inner), g)
