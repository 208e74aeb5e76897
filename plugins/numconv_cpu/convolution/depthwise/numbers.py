"""The numbers that the filling of slabs is told."""

from __future__ import annotations

from ..axes import Axis
from ..records import AXES, Tables, axes_numbers, longest_runs
from .cut import Cut

SLAB = (
    *AXES,
    "layers",  # extents of a slab
    "lines",
    "columns",
    "pitch",
    "zeros",  # whether nothing but zeros stands around the array
    "at_runs",
)


def slab_numbers(axes: tuple[Axis, Axis, Axis], cut: Cut, tables: Tables) -> dict[str, int]:
    """Return the numbers with the names `SLAB`, but `zeros`; their tables go into `tables`."""
    layers, lines, columns = cut.extent
    x = axes[2]
    return {
        **axes_numbers(axes, (layers, lines, 0), tables),
        "layers": layers,
        "lines": lines,
        "columns": columns,
        "pitch": cut.pitch,
        "at_runs": tables.add(longest_runs(x.sources, x.step)),
    }
