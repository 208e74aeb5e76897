"""The numbers that the filling of slabs is told."""

from __future__ import annotations

from ..axes import Axis
from ..records import AXES, Tables, axes_numbers
from .cut import Cut

SLAB = (
    *AXES,
    "layers",  # extents of a slab
    "lines",
    "columns",
    "pitch",
    "zeros",  # whether nothing but zeros stands around the array
    "length",  # of a row, all blocks together
    "at_runs",
)


def slab_numbers(axes: tuple[Axis, Axis, Axis], cut: Cut, tables: Tables) -> dict[str, int]:
    """Return the numbers with the names `SLAB`, but `zeros`; their tables go into `tables`."""
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
