"""Where everything stands in the workspace of a call, and how work is cut into tasks."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ...kernel.arguments import Arguments, Layout, OwnRoom, Room, whole_lines
from ...simd.machine import machine
from .geometry import Lengths, SpectralGeometry
from .records import BACKWARD, FINISH, FORWARD, MEASURE, MIDDLE, MULTIPLY, RECORD

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


@dataclass(frozen=True, kw_only=True)
class PlaneArguments(Arguments):
    """Planes of complex numbers, and the lines in which they are transformed."""

    lanes: int
    numbers: int  # of all transforms together
    sample_columns: int  # that are not zeros
    tap_columns: int
    result_columns: int  # that are kept side by side, and the first of them
    first_column: int
    pitch: int  # of a plane's rows
    apart: int  # elements from a plane's real parts to its imaginary ones
    plane: int
    layer: int  # elements from one of its layers, along the outer axis, to the next
    blocks: int  # tasks that multiply
    imaginary: int  # elements from a line's real parts to its imaginary ones
    line: int
    strip: int  # vectors of columns that are transformed together
    sample_strips: int
    tap_strips: int
    result_strips: int


@dataclass(frozen=True, kw_only=True)
class PieceArguments(Arguments):
    """Pieces of rows of results."""

    piece: int  # results of a row that are finished together
    pieces_of_row: int
    all_pieces: int  # of a plane
    pieces: int  # of a task
    count_tasks: int  # of a plane


@dataclass(frozen=True, kw_only=True)
class LayoutArguments(Arguments):
    """How planes and tasks are cut, and where they stand."""

    geometry: SpectralGeometry
    lengths: Lengths
    plane_sizes: PlaneArguments
    piece_sizes: PieceArguments
    filters: int
    items: int  # groups of images
    together: int  # items of a round
    planes: int  # of an item
    record: int  # elements of an operand's record, and of what `count_pieces` writes
    count: int
    sums: int
    at_sample_records: Room
    at_tap_records: Room
    at_counts: Room
    at_sums: Room
    at_samples: Room
    at_taps: Room
    own_lines: OwnRoom
    own_scale: OwnRoom
    own_measured: OwnRoom
    own_no_outliers: OwnRoom
    own_room: OwnRoom


def layout(
    geometry: SpectralGeometry, lengths: Lengths, itemsize: int, items: int
) -> LayoutArguments:
    """Return how planes and tasks of so many items are cut."""
    each, pieces = _planes(geometry, lengths, machine().lanes(itemsize)), _pieces(geometry)
    planes, filters = max(geometry.given_channels, geometry.result_channels), geometry.filters
    record, count = RECORD * 8 // itemsize, 2 * 8 // itemsize
    sums = whole_lines(prod(each + 1 for each in geometry.seen) * 8 // itemsize)
    item_bytes = (planes * each.plane + sums) * itemsize
    together = max(min(items, ROUND_BYTES // item_bytes), 1)
    return LayoutArguments(
        geometry=geometry,
        lengths=lengths,
        plane_sizes=each,
        piece_sizes=pieces,
        filters=filters,
        items=items,
        together=together,
        planes=planes,
        record=record,
        count=count,
        sums=sums,
        at_sample_records=Room(together * record),
        at_tap_records=Room(filters * record),
        at_counts=Room(together * geometry.result_channels * pieces.count_tasks * count),
        at_sums=Room(together * sums),
        at_samples=Room(together * planes * each.plane),
        at_taps=Room(filters * geometry.given_channels * each.plane),
        own_lines=OwnRoom(max(STRIP, geometry.given_channels + 2) * each.line),
        own_scale=OwnRoom(2),
        own_measured=OwnRoom(6),
        own_no_outliers=OwnRoom(2),
        own_room=OwnRoom(ROOM),
    )


def kinds(lengths: Lengths) -> list[int]:
    """Return what the stages of a round do."""
    middle = [MIDDLE] if lengths.middles > 1 else []
    return [MEASURE, FORWARD, *middle, MULTIPLY, BACKWARD, FINISH]


def _planes(geometry: SpectralGeometry, lengths: Lengths, lanes: int) -> PlaneArguments:
    rows, middles, columns = lengths.rows, lengths.middles, lengths.columns
    kept = geometry.kept[2][1] - geometry.kept[2][0]
    widths = geometry.seen[2], geometry.kernel[2], kept
    if geometry.folded:
        widths = (columns,) * 3
    stored = max(-(-width // lanes) for width in widths) * lanes
    # One vector more than it needs: powers of two would fall into few sets of a cache.
    pitch = stored + lanes
    # Rows are multiplied in blocks of so many as there are lanes, within a volume's layer.
    layers, layer_rows = (rows, middles) if middles > 1 else (1, rows)
    blocks = -(-layer_rows // lanes)
    plane = layers * blocks * lanes * pitch
    # Tiles of lanes hang over the end of a line.
    imaginary = (max(rows, middles, columns) + lanes + 3) * lanes
    strips = [-(-width // (lanes * STRIP)) for width in widths]
    return PlaneArguments(
        lanes=lanes,
        numbers=rows * middles * columns,
        sample_columns=widths[0],
        tap_columns=widths[1],
        result_columns=widths[2],
        first_column=0 if geometry.folded else geometry.kept[2][0],
        pitch=pitch,
        apart=plane,
        plane=2 * plane,
        layer=blocks * lanes * pitch if middles > 1 else pitch,
        blocks=layers if middles > 1 else blocks,
        imaginary=imaginary,
        line=2 * imaginary,
        strip=STRIP,
        sample_strips=strips[0],
        tap_strips=strips[1],
        result_strips=strips[2],
    )


def _pieces(geometry: SpectralGeometry) -> PieceArguments:
    outer, middle, inner = geometry.result_size
    piece = min(PIECE, inner)
    row = -(-inner // piece)
    pieces = max(TASK // piece, 1)
    return PieceArguments(
        piece=piece,
        pieces_of_row=row,
        all_pieces=outer * middle * row,
        pieces=pieces,
        count_tasks=-(-outer * middle * row // pieces),
    )


def workspace_bytes(geometry: SpectralGeometry, lengths: Lengths, itemsize: int) -> int:
    """Return the memory that one group of an image takes, on one thread."""
    return Layout(layout(geometry, lengths, itemsize, geometry.groups), messages=2).size * itemsize
