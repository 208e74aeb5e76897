"""Strips of x copied into planes, in which every tap reads consecutive samples.

Vectors are copied whole: what is written beyond the end of a row is overwritten by the next one,
so rows are filled in the order in which they stand.
"""

from __future__ import annotations

from ...kernel.padded_reads import copy_before, copy_behind, line_at, sample_at
from ...runtime.compile import kernel, stay_whole
from ...simd.block import clear_vector
from ...simd.memory import at
from ...simd.runs import copy_contiguous, copy_stride_2


@kernel
def pack_planes(g, planes, x, tables, z0, y0, x0):  # type: ignore[no-untyped-def]
    """Fill the planes of one channel, as (phases z, z, phases y, phases x, y, x).

    Parameters
    ----------
    g : record of `arguments.InvolutionArguments`
    planes, x : pointer
        To the channel.
    tables : pointer to int64
    z0, y0, x0 : int
        The results from which the planes begin.
    """
    target = planes
    for phase_z in range(g.phases_z):
        for z in range(g.layers):
            from_z = sample_at(line_at(at(tables, g.at_z), phase_z, z0), z)
            first = from_z * g.height * g.width
            for phase_y in range(g.phases_y):
                lines = line_at(at(tables, g.at_y), phase_y, y0)
                for phase_x in range(g.phases_x):
                    if from_z < 0:
                        clear_row(g, target, g.lines * g.pitch)
                    elif g.zeros:
                        pack_lines(g, target, at(x, first), tables, lines, phase_x, x0)
                    else:
                        line = line_at(at(tables, g.at_x), phase_x, x0)
                        run = at(tables, g.at_runs + 2 * phase_x)
                        begin = min(max(run[0] - x0, 0), g.pitch)
                        end = max(min(run[1] - x0, g.pitch), begin)
                        for y in range(g.lines):
                            from_y = sample_at(lines, y)
                            row = at(target, y * g.pitch)
                            if from_y < 0:
                                clear_row(g, row, g.pitch)
                            else:
                                source = at(x, first + from_y * g.width)
                                pack_row(g, row, source, line, begin, end)
                    target = at(target, g.lines * g.pitch)


@kernel
def pack_lines(g, target, x, tables, lines, phase, x0):  # type: ignore[no-untyped-def]
    """Fill lines with samples and the zeros around them.

    The zeros after a row and those before the next are written together.
    """
    stay_whole()
    pitch, step = g.pitch, g.step
    run = at(tables, g.at_runs + 2 * phase)
    first = min(max(run[0] - x0, 0), pitch)
    last = max(min(run[1] - x0, pitch), first)
    row = line_at(at(tables, g.at_x), phase, x0)
    inside, start = last - first, row.first + first * row.step
    clear_row(g, target, first)
    target = at(target, first)
    for y in range(g.lines):
        from_y = sample_at(lines, y)
        source = at(x, from_y * g.width + start)
        if from_y < 0 or inside == 0:
            clear_row(g, target, pitch)
        else:
            copy_run(g, target, source, step, inside)
            clear_row(g, at(target, inside), pitch - inside)
        target = at(target, pitch)


@kernel
def pack_row(g, target, source, line, first, last):  # type: ignore[no-untyped-def]
    """Fill one row of any padding mode and stride: its inside in one go, its borders by table."""
    stay_whole()
    copy_before(target, source, line, 0, first)
    if last > first:
        begin = at(source, line.first + first * line.step)
        copy_run(g, at(target, first), begin, line.step, last - first)
    copy_behind(target, source, line, last, g.pitch)


@kernel(inline=True)
def clear_row(g, target, count):  # type: ignore[no-untyped-def]
    """Write `count` zeros, and up to a vector more."""
    for i in range(0, count, g.lanes):
        clear_vector(g, at(target, i))


@kernel(inline=True)
def copy_run(g, target, source, step, count):  # type: ignore[no-untyped-def]
    """Copy `count` samples that stand `step` apart."""
    if step == 1:
        copy_contiguous(g, target, source, count)
    elif step == 2:
        copy_stride_2(g, target, source, count)
    else:
        for i in range(count):
            target[i] = source[step * i]
