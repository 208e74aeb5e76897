"""Where everything stands in the workspace of a call, and how work is cut into tasks."""

from __future__ import annotations

from math import prod

from ...kernel.records import in_turn, whole_lines
from ...simd.machine import machine
from .geometry import Lengths, SpectralGeometry
from .numbers import AXES, BACKWARD, FINISH, FORWARD, MEASURE, MIDDLE, MULTIPLY, RECORD

MOST_BYTES = 4 * 2**30
"""What the filters and one group of an image may take at most, in bytes."""

# Items whose spectra all workers share at the same time: so many bytes of them, at least one.
ROUND_BYTES = 32 * 2**20
# Vectors of columns that are copied together, so that rows are read and written in 256 bytes.
STRIP = 4
# Results of a row that are finished together, and those of a task.
PIECE, TASK = 4096, 16384
# Real numbers of a worker's room: for a run of complex ones.
ROOM = 2 * 1024 + 16


def layout(
    geometry: SpectralGeometry, lengths: Lengths, itemsize: int, items: int, workers: int
) -> dict[str, int]:
    """Return the numbers that say how planes and tasks are cut, and `size`, of the workspace."""
    lanes = machine().lanes(itemsize)
    numbers = {
        **_planes(geometry, lengths, lanes),
        **_tasks(geometry),
        "lanes": lanes,
        "record": RECORD * 8 // itemsize,
        "count": 2 * 8 // itemsize,
        "kinds": len(kinds(lengths)),
        "sums": whole_lines(prod(each + 1 for each in geometry.seen) * 8 // itemsize),
        "filters": geometry.groups * geometry.result,
        "items": items,
        "planes": max(geometry.given, geometry.result),
    }
    each = numbers["planes"] * numbers["plane"] + numbers["sums"]
    together = max(min(items, ROUND_BYTES // (each * itemsize)), 1)
    lines = max(STRIP, geometry.given + 2) * numbers["line"]
    own, numbers["worker"] = in_turn(
        {"lines": lines, "own_scale": 2, "own_measured": 6, "own_no_outliers": 2, "own_room": ROOM}
    )
    numbers["stages"] = numbers["kinds"] * max(-(-items // together), 1)
    size = _arrange(numbers, geometry, together, items, workers)
    return {
        **numbers,
        "together": together,
        **{
            name: own[name] for name in ("own_scale", "own_measured", "own_no_outliers", "own_room")
        },
        **size,
    }


def kinds(lengths: Lengths) -> list[int]:
    """Return what the stages of a round do."""
    middle = [MIDDLE] if lengths.middles > 1 else []
    return [MEASURE, FORWARD, *middle, MULTIPLY, BACKWARD, FINISH]


def _planes(geometry: SpectralGeometry, lengths: Lengths, lanes: int) -> dict[str, int]:
    rows, middles, columns = lengths.rows, lengths.middles, lengths.columns
    kept = geometry.kept[2][1] - geometry.kept[2][0]
    widths = geometry.seen[2], geometry.kernel[2], kept
    if geometry.folded:
        widths = (columns,) * 3
    stored = max(-(-width // lanes) for width in widths) * lanes
    # One vector more than it needs: powers of two would fall into few sets of a cache.
    pitch = stored + lanes
    # Rows are multiplied in blocks of so many as there are lanes, within a volume's layer.
    layers, lines = (rows, middles) if middles > 1 else (1, rows)
    blocks = -(-lines // lanes)
    plane = layers * blocks * lanes * pitch
    # Tiles of lanes hang over the end of a line.
    imaginary = (max(rows, middles, columns) + lanes + 3) * lanes
    strips = [-(-width // (lanes * STRIP)) for width in widths]
    return {
        "rows": rows,
        "middles": middles,
        "columns": columns,
        "numbers": rows * middles * columns,
        "sample_columns": widths[0],
        "tap_columns": widths[1],
        "result_columns": widths[2],
        "first_column": 0 if geometry.folded else geometry.kept[2][0],
        "pitch": pitch,
        "apart": plane,
        "plane": 2 * plane,
        "layer": blocks * lanes * pitch if middles > 1 else pitch,
        "blocks": layers if middles > 1 else blocks,
        "imaginary": imaginary,
        "line": 2 * imaginary,
        "strip": STRIP,
        "sample_strips": strips[0],
        "tap_strips": strips[1],
        "result_strips": strips[2],
    }


def _tasks(geometry: SpectralGeometry) -> dict[str, int]:
    outer, middle, inner = geometry.result_size
    piece = min(PIECE, inner)
    row = -(-inner // piece)
    pieces = max(TASK // piece, 1)
    return {
        "piece": piece,
        "pieces_of_row": row,
        "all_pieces": outer * middle * row,
        "pieces": pieces,
        "count_tasks": -(-outer * middle * row // pieces),
    }


def _arrange(
    numbers: dict[str, int], geometry: SpectralGeometry, together: int, items: int, workers: int
) -> dict[str, int]:
    filters = numbers["filters"]
    begins, size = in_turn(
        {
            "messages": 1 + items // geometry.groups,
            "at_sample_records": together * numbers["record"],
            "at_tap_records": filters * numbers["record"],
            "at_counts": together * geometry.result * numbers["count_tasks"] * numbers["count"],
            "at_sums": together * numbers["sums"],
            "at_samples": together * numbers["planes"] * numbers["plane"],
            "at_taps": filters * geometry.given * numbers["plane"],
            "at_workers": workers * numbers["worker"],
        }
    )
    begins.pop("messages")
    return {**begins, "size": size}


def named(name: str, values: tuple[int, ...]) -> dict[str, int]:
    """Return a number for each axis."""
    return {f"{name}_{axis}": value for axis, value in zip(AXES, values, strict=True)}


def workspace_bytes(geometry: SpectralGeometry, lengths: Lengths, itemsize: int) -> int:
    """Return the memory that one group of an image takes, on one thread."""
    return layout(geometry, lengths, itemsize, geometry.groups, 1)["size"] * itemsize
