"""The numbers that the filling of slabs is told."""

from __future__ import annotations

from ...kernel.axes import Axis
from ...kernel.records import AXES, Tables, axes_numbers, whole_lines
from .cut import Cut

SLAB = (
    *AXES,
    "layers",  # extents of a slab
    "lines",
    "columns",
    "pitch",
    "zeros",  # whether nothing but zeros stands around the array
    "length",  # of a row, all blocks together
    "at_places",  # of the memory of a worker: see `slab.find_samples`
    "at_runs",
)


def places(axes: tuple[Axis, Axis, Axis], cut: Cut, zeros: bool, itemsize: int) -> int:
    """Return how many elements of a workspace `slab.find_samples` takes."""
    _, lines, columns = cut.extent
    count = axes[1].slots * lines + (0 if zeros else axes[2].slots * columns)
    return whole_lines(-(-count * 8 // itemsize))


def slab_numbers(axes: tuple[Axis, Axis, Axis], cut: Cut, tables: Tables) -> dict[str, int]:
    """Return the numbers `SLAB`, but `zeros` and `at_places`; their tables go into `tables`."""
    layers, lines, columns = cut.extent
    x = axes[2]
    return {
        **axes_numbers(axes, tables),
        "layers": layers,
        "lines": lines,
        "columns": columns,
        "pitch": cut.pitch,
        "length": x.length,
        "at_runs": tables.add(x.lines.runs(x.length)),
    }
