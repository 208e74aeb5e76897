"""The numbers that the kernels of `winograd` are told, and how they follow from a layer."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem

from ...kernel.lowering import weight_strides
from ...kernel.records import RESULT, Tables, in_turn, plane_offsets, result_numbers, whole_lines
from .geometry import FEW_ROWS, Blocking, Tiling, WinogradGeometry

NUMBERS = (
    *RESULT,
    "batch",
    "groups",
    "given_channels",  # in a group
    "result_channels",
    "given_depth",
    "given_height",
    "given_width",
    "lanes",
    "rows",  # tiles of a register tile
    "few_rows",  # of the one for what is left over
    "columns",  # result channels of a register tile
    "phases_y",  # see `axes`
    "phases_x",
    "phases",  # along all axes, with the taps along z
    "taps_z",
    "parts_y",
    "parts_x",
    "parts",
    "first_y",
    "first_x",
    "step",  # samples between neighbours of a phase's row
    "taps",  # of the whole kernel
    "filter_taps",  # of a phase
    "first_tap",  # where there is one part with one phase: its first tap in the kernel,
    "tap_step",  # and how far the next is, or 0 where there are more
    "side_y",  # results along a tile's sides
    "side_x",
    "points_y",  # samples along the sides of the input of a tile
    "points_x",
    "points",
    "tiles_y",  # of a layer
    "tiles_x",
    "tiles",  # of all images
    "block",  # tiles whose samples stand together, transformed
    "blocks",
    "strips",  # of result channels in a group, each as wide as a register tile
    "strips_per_task",
    "given_blocks",  # of given channels, a vector each
    "result_blocks",
    "weight_blocks",  # of given channels, whose weights a task transforms at a time
    "padded_block",  # tiles of a block, up to whole register tiles
    "shared_samples",  # whether transformed samples stand in memory for all tasks
    "shared_weights",
    "prepared",  # whether the weights come transformed
    "sample_tasks",
    "weight_tasks",
    "product_tasks",
    "row_stride",  # of the weights, between result channels
    "channel_stride",
    "group_stride",
    "channels_together",  # given channels whose taps follow each other
    "at_taps",  # table: for each part and phase its filter's taps in the kernel, or -1
    "at_z",  # tables of what `padding.Lines` tells of each axis
    "at_y",
    "at_x",
    "at_runs",  # table: the positions of a row that are samples, as a range, of each phase
    "at_active",  # table: for each point how many phases have weights there, and which
    "at_seen_y",  # tables: how many taps of each part and phase there are
    "at_seen_x",
    "at_plane_offsets",  # table: where the plane of each result channel begins
    "sample_point",  # elements from one point's transformed samples to the next's
    "sample_block",
    "weight_point",
    "weight_strip",
    "product_point",
    "at_samples",  # in the workspace
    "at_weights",
    "at_masks",
    "at_workers",
    "worker",  # elements of a worker's own memory, and where in it things begin
    "own_samples",
    "own_weights",
    "own_products",
    "own_patch",
    "own_sums",
    "own_results",
    "own_bias",
    "own_taps",
    "own_extremes",
)

# Given channels, in vectors, of which a task transforms the weights at a time: 64 channels of 32
# results fill 300 KiB at most, less than the second level of a cache.
WEIGHT_BLOCKS = 4
# Given channels whose taps are read at a time where they follow each other: as many taps as fill
# vectors, whatever their number.
CHANNELS_TOGETHER = 16


def numbers_of(
    problem: ConvolutionProblem,
    geometry: WinogradGeometry,
    tiles: Tiling,
    blocking: Blocking,
    tables: Tables,
) -> dict[str, int]:
    """Return the numbers of a plain call, but where things stand in the workspace."""
    count = geometry.batch * tiles.image
    blocks = -(-count // blocking.block) if count else 0
    per_task = 1 if blocking.shared_samples else tiles.strips
    return {
        **_axes(geometry, tiles, tables),
        **_weights(problem, geometry, tables),
        **result_numbers(problem),
        "batch": geometry.batch,
        "groups": geometry.groups,
        "given_channels": geometry.given,
        "result_channels": geometry.result,
        "given_depth": (1, 1, *problem.operand_shapes[0][2:])[-3],
        "lanes": tiles.lanes,
        "rows": tiles.rows,
        "few_rows": FEW_ROWS,
        "columns": tiles.columns,
        "phases": geometry.phases,
        "parts": geometry.parts,
        "at_active": tables.add(_active(geometry, tiles)),
        "points": prod(tiles.points),
        "tiles": count,
        "block": blocking.block,
        "blocks": blocks,
        "strips": tiles.strips,
        "strips_per_task": per_task,
        "given_blocks": tiles.given_blocks,
        "result_blocks": tiles.result_blocks,
        "padded_block": blocking.block + tiles.rows,
        "shared_samples": int(blocking.shared_samples),
        "shared_weights": int(blocking.shared_weights),
        "prepared": 0,
        "sample_tasks": blocking.shared_samples * geometry.groups * count // max(tiles.tiles[1], 1),
        "weight_tasks": blocking.shared_weights * weight_tasks(geometry, tiles),
        "product_tasks": geometry.groups * blocks * -(-tiles.strips // per_task),
        "at_plane_offsets": tables.add(plane_offsets(problem, tiles.lanes)),
    }


def weight_tasks(geometry: WinogradGeometry, tiles: Tiling) -> int:
    """Return how many vectors of result channels there are, up to whole strips."""
    return geometry.groups * -(-tiles.strips * tiles.vectors // geometry.parts)


def _axes(geometry: WinogradGeometry, tiles: Tiling, tables: Tables) -> dict[str, int]:
    numbers = {"at_z": tables.add(geometry.lines.numbers()), "taps_z": geometry.taps_z}
    for i, name in enumerate("yx"):
        axis = geometry.axes[i]
        numbers |= {
            f"phases_{name}": axis.phases,
            f"parts_{name}": axis.parts,
            f"first_{name}": axis.first,
            f"side_{name}": tiles.sides[i],
            f"points_{name}": tiles.points[i],
            f"tiles_{name}": tiles.tiles[i],
            f"at_{name}": tables.add(axis.lines.numbers()),
            f"at_seen_{name}": tables.add((axis.tap >= 0).sum(axis=2)),
        }
    y, x = geometry.axes
    length = tiles.tiles[1] * tiles.sides[1] + x.taps - 1
    return {
        **numbers,
        "given_height": y.given,
        "given_width": x.given,
        "step": x.step,
        "at_runs": tables.add(x.lines.runs(length)),
    }


def _weights(
    problem: ConvolutionProblem, geometry: WinogradGeometry, tables: Tables
) -> dict[str, int]:
    taps = prod(problem.kernel_shape)
    forward = problem.direction == "forward"
    taps_of_filters = _taps(problem, geometry)
    order = taps_of_filters.ravel()
    whole = geometry.parts == geometry.phases == 1
    return {
        **weight_strides(problem),
        "taps": taps,
        "filter_taps": prod(axis.taps for axis in geometry.axes),
        "channels_together": CHANNELS_TOGETHER if forward else 1,
        "at_taps": tables.add(taps_of_filters),
        "first_tap": int(order[0]),
        "tap_step": int(order[-1] - order[0]) // (order.size - 1) if whole else 0,
    }


def _taps(problem: ConvolutionProblem, geometry: WinogradGeometry) -> NDArray[np.int64]:
    """Return which tap of the kernel each one of a phase's filter is, by part and phase, or -1."""
    y, x = (axis.tap for axis in geometry.axes)
    z = np.arange(geometry.taps_z)[:, None, None, None, None]
    # Parts along y and x, phases along z, y and x, taps along y and x.
    y = y[:, None, None, :, None, :, None]
    x = x[None, :, None, None, :, None, :]
    height, width = (1, *problem.kernel_shape)[-2:]
    return np.where((y < 0) | (x < 0), -1, (z * height + y) * width + x)


def _active(geometry: WinogradGeometry, tiles: Tiling) -> NDArray[np.int64]:
    """Return, for each point, how many phases have weights there, and which."""
    table = np.zeros((prod(tiles.points), 1 + geometry.phases), np.int64)
    for row, phases in zip(table, geometry.active(tiles.points), strict=True):
        row[: 1 + len(phases)] = len(phases), *phases
    return table


def arrange(numbers: dict[str, int], workers: int) -> int:
    """Give everything its place in the workspace, and return the size of the whole."""
    lanes, columns, points = numbers["lanes"], numbers["columns"], numbers["points"]
    given = numbers["given_blocks"] * numbers["phases"] * lanes
    # One vector more than they need: powers of two would fall into few sets of a cache.
    numbers["sample_point"] = given * numbers["padded_block"] + lanes
    numbers["sample_block"] = points * numbers["sample_point"]
    own_given = min(max(WEIGHT_BLOCKS // numbers["phases"], 1), numbers["given_blocks"])
    if numbers["shared_weights"]:
        own_given = numbers["given_blocks"]
    numbers["weight_blocks"] = own_given
    numbers["weight_point"] = own_given * numbers["phases"] * lanes * columns + lanes
    numbers["weight_strip"] = points * numbers["weight_point"]
    numbers["product_point"] = numbers["padded_block"] * columns + lanes
    blocks = numbers["groups"] * numbers["blocks"] * numbers["shared_samples"]
    strips = numbers["groups"] * numbers["strips"] * numbers["shared_weights"]
    masks = numbers["groups"] * numbers["tiles"] * numbers["parts"] * numbers["side_y"]
    place = whole_lines(numbers["batch"] + 1)
    numbers["at_samples"], place = place, place + blocks * numbers["sample_block"]
    numbers["at_weights"], place = place, place + whole_lines(strips * numbers["weight_strip"])
    numbers["at_masks"], place = place, place + whole_lines(masks)
    run = min(numbers["tiles_x"], numbers["block"])
    line = numbers["points_y"] * ((run - 1) * numbers["side_x"] + numbers["points_x"])
    results = run * numbers["side_y"] * numbers["side_x"] * numbers["parts_x"]
    own = {
        "own_samples": numbers["sample_block"] * (not numbers["shared_samples"]),
        "own_weights": numbers["weight_strip"] * (not numbers["shared_weights"]),
        "own_products": points * numbers["product_point"],
        "own_patch": (line + lanes) * lanes,
        "own_sums": numbers["phases"] * line + lanes,
        "own_results": (results + lanes) * lanes,
        "own_bias": lanes,
        "own_taps": (numbers["taps"] * numbers["channels_together"] + lanes) * lanes,
        "own_extremes": 2 * columns,
    }
    begins, numbers["worker"] = in_turn(own)
    numbers |= begins
    numbers["at_workers"] = place
    return place + workers * numbers["worker"]
