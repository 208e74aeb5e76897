"""The numbers that the filling of slabs is told."""

from __future__ import annotations

from ...kernel.axes import LoweredAxis
from ...kernel.records import AXES, Tables, axes_numbers, whole_lines
from .blocking import Blocking

SLAB = (
    *AXES,
    "layers",  # extents of a slab
    "lines",
    "columns",
    "pitch",
    "zeros",  # whether nothing but zeros stands around the array
    "length",  # of a row, all blocks together
    "at_sample_table",  # of the memory of a worker: see `slab.find_samples`
    "at_runs",
)


def sample_table_size(
    axes: tuple[LoweredAxis, LoweredAxis, LoweredAxis],
    blocking: Blocking,
    zeros: bool,
    itemsize: int,
) -> int:
    """Return how many elements of a workspace the table of `slab.find_samples` takes."""
    _, lines, columns = blocking.extent
    count = axes[1].phases * lines + (0 if zeros else axes[2].phases * columns)
    return whole_lines(-(-count * 8 // itemsize))


def slab_numbers(
    axes: tuple[LoweredAxis, LoweredAxis, LoweredAxis], blocking: Blocking, tables: Tables
) -> dict[str, int]:
    """Return the numbers `SLAB`, but `zeros` and `at_sample_table`; tables go into `tables`."""
    layers, lines, columns = blocking.extent
    x = axes[2]
    return {
        **axes_numbers(axes, tables),
        "layers": layers,
        "lines": lines,
        "columns": columns,
        "pitch": blocking.pitch,
        "length": x.length,
        "at_runs": tables.add(x.lines.runs(x.length)),
    }
