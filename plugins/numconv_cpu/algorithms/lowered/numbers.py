"""How the numbers that the kernels of a lowered convolution are told follow from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem

from ...kernel.layout import PART_DTYPE
from ...kernel.lowering import Lowering, Table
from ...kernel.padding import Lines
from ...kernel.records import Tables, axes_numbers, in_turn, result_numbers, whole_lines
from .blocking import Blocking, Form

PACK_ELEMENTS = 8192
LEAST_LINES = 4
WEIGHT_ELEMENTS = 16384
# Steps between samples for which `simd.runs` fills as many phases at once.
DEINTERLEAVED_STEPS = (2, 3, 4)


def numbers_of(
    problem: ConvolutionProblem,
    lowering: Lowering,
    blocking: Blocking,
    parts: NDArray[Any],
    tables: Tables,
    workers: int,
    in_place: bool,
    strips: bool,
) -> dict[str, int]:
    """Return the numbers of a plain call, but where things stand in the workspace."""
    z, y, x = lowering.axes
    return {
        **_phases(lowering, tables),
        **result_numbers(problem),
        **_product(lowering, blocking, tables),
        **_tasks(lowering, blocking, parts, problem.batch, workers),
        **_planes(lowering, blocking, problem.batch, workers, in_place, strips),
        "stride_z": z.stride,
        "stride_y": y.stride,
        "stride_x": x.stride,
        "direct_store": int(_stores_directly(lowering, blocking.form, problem)),
        "prepared": 0,
        "skipped": 0,
    }


def _phases(lowering: Lowering, tables: Tables) -> dict[str, int]:
    """Return what the packing of planes is told of their phases."""
    x = lowering.axes[2]
    runs = _runs(x.lines, lowering.pitch)
    aligned = _aligned(runs, x.step) if x.step in DEINTERLEAVED_STEPS else None
    if aligned is not None:
        runs = aligned
    apart = lowering.lines * lowering.pitch
    extras = x.lines.pieces(lowering.pitch, runs[:, :2])
    extras[:, 1] += extras[:, 0] * apart
    starts = np.arange(x.phases) * apart + runs[:, 0]
    return {
        **axes_numbers(lowering.axes, tables),
        "channels": lowering.groups * lowering.given_channels,
        "layers": lowering.layers,
        "lines": lowering.lines,
        "pitch": lowering.pitch,
        "layer_pitch": lowering.layer_pitch,
        "channel_pitch": lowering.channel_pitch,
        "padded": int(not all(axis.lines.is_filled(axis.length) for axis in lowering.axes)),
        "deinterleaved": int(aligned is not None),
        "first_deinterleaved": int(runs[:, 2].min()),
        "at_runs": tables.add(runs),
        "extras": len(extras),
        "at_extras": tables.add(extras[:, 1:]),
        "at_phase_offsets": tables.add(starts[np.argsort(runs[:, 2])]),
    }


def _runs(lines: Lines, length: int) -> Table:
    """Return the run of each phase: its first and last position, and its first sample."""
    runs = lines.runs(length)
    samples = lines.first + lines.step * runs[:, 0]
    return np.column_stack((runs, np.where(runs[:, 0] < runs[:, 1], samples, 0)))


def _aligned(runs: Table, step: int) -> Table | None:
    """Shorten runs to those that one run of samples deinterleaves into; None if there is none."""
    first, last, sample = runs.T
    skipped = np.maximum(-((sample + step - 1 - sample.max()) // step), 0)
    first, sample = first + skipped, sample + skipped * step
    count = (last - first).min()
    neighbours = np.array_equal(np.sort(sample), sample.min() + np.arange(step))
    return np.column_stack((first, first + count, sample)) if neighbours and count > 0 else None


def parts_of(lowering: Lowering, blocking: Blocking, tables: Tables, batch: int) -> NDArray[Any]:
    """Return what is known of each part, and where its weights and tasks begin."""
    parts = np.zeros(len(lowering.parts), PART_DTYPE)
    at_weights = task = 0
    for part, blocks, row in zip(lowering.parts, blocking.position_blocks, parts, strict=True):
        K = part.offsets.size
        row["count_z"], row["count_y"], row["count_x"] = part.counts
        row["start_z"], row["start_y"], row["start_x"] = part.starts
        row["K"] = K
        row["at_offsets"] = tables.add(part.offsets)
        row["at_sources"] = tables.add(part.sources)
        row["at_weights"] = at_weights
        row["positions"] = blocking.form.positions(part)
        row["position_tiles"] = blocking.form.position_tiles(part)
        row["position_blocks"] = blocks
        row["first_task"] = task
        tiles = lowering.groups * blocking.tiles
        at_weights += tiles * K * blocking.form.MR
        task += batch * lowering.groups * blocking.tile_blocks * part.counts[0] * blocks
    return parts


def _weight_tiles(lowering: Lowering, blocking: Blocking) -> int:
    K = max(sum(part.offsets.size for part in lowering.parts), 1)
    return max(WEIGHT_ELEMENTS // (K * blocking.form.MR), 1)


def most_positions(lowering: Lowering, blocking: Blocking) -> int:
    """Return the most positions that a task has."""
    return max(
        blocking.position_block(part, blocks)
        for part, blocks in zip(lowering.parts, blocking.position_blocks, strict=True)
    )


def _product(lowering: Lowering, blocking: Blocking, tables: Tables) -> dict[str, int]:
    k = np.arange(blocking.KC, dtype=np.int64)
    form = blocking.form
    positions = most_positions(lowering, blocking)
    numbers = {
        "MR": form.MR,
        "lanes": form.lanes,
        "NR": form.NR,
        "edge_positions": form.edge_positions,
        "KC": blocking.KC,
    }
    if not form.channels_in_lanes:
        widths = np.array([[form.NR], [form.lanes]])
        return numbers | {
            "at_panel_offsets": tables.add(k * widths),
            "scratch_pitch": positions + form.NR,
            "panels": whole_lines(blocking.KC * form.NR),
        }
    # Each piece of a row is copied as whole vectors.
    pitch = form.rows + form.lanes
    pitch += -pitch % form.lanes
    size = whole_lines(blocking.KC * pitch)
    transposed = whole_lines(positions + form.lanes)
    at_packed = -(-positions // form.NR) * size
    at_transposed = at_packed + whole_lines(blocking.KC * form.MR)
    return numbers | {
        "at_panel_offsets": tables.add(k * pitch),
        "scratch_pitch": positions + form.lanes,
        "panel_pitch": pitch,
        "panel_size": size,
        "at_packed": at_packed,
        "at_transposed": at_transposed,
        "transposed_pitch": transposed,
        "panels": at_transposed + form.lanes * transposed,
        "pack_late": int(blocking.late),
    }


def _tasks(
    lowering: Lowering, blocking: Blocking, parts: NDArray[Any], batch: int, workers: int
) -> dict[str, int]:
    tiles = lowering.groups * blocking.tiles
    weight_tiles = _weight_tiles(lowering, blocking)
    last = parts[-1]
    tasks_of_last = batch * lowering.groups * blocking.tile_blocks
    tasks_of_last *= int(last["count_z"] * last["position_blocks"])
    return {
        "workers": workers,
        "groups": lowering.groups,
        "given_channels": lowering.given_channels,
        "result_channels": lowering.result_channels,
        "tiles": blocking.tiles,
        "tile_block": blocking.tile_block,
        "tile_blocks": blocking.tile_blocks,
        "parts": parts.size,
        "weight_tasks": -(-tiles // weight_tiles),
        "weight_tiles": weight_tiles,
        "weight_channels": 4 if parts.size > 1 else max(lowering.given_channels, 1),
        "product_tasks": int(last["first_task"]) + tasks_of_last if batch else 0,
        "group_stride": lowering.group_stride,
        "row_stride": lowering.row_stride,
        "packed": int(last["at_weights"] + tiles * last["K"] * blocking.form.MR),
    }


def _planes(
    lowering: Lowering, blocking: Blocking, batch: int, workers: int, in_place: bool, strips: bool
) -> dict[str, int]:
    """Return the numbers that say where the planes are, and who packs them."""
    form = blocking.form
    whole_groups = blocking.whole_groups and not in_place
    channels = batch * lowering.groups * lowering.given_channels
    chunks, lines = _chunks(lowering, batch, workers)
    margin = lowering.shared + max(form.NR, form.lanes)
    planes = channels * lowering.channel_pitch
    if whole_groups or strips:
        planes = whole_lines(lowering.given_channels * lowering.channel_pitch + margin)
    numbers = {
        "pack_tasks": 0 if whole_groups or strips or in_place else channels * chunks,
        "pack_lines": lines,
        "pack_chunks": chunks,
        "whole_groups": int(whole_groups),
        "strips": int(strips),
        "row_positions": form.row_positions(lowering),
        "in_place": int(in_place),
        "planes": 0 if in_place else planes,
        "margin": 0 if in_place else margin,
    }
    if whole_groups:
        numbers["product_tasks"] = batch * lowering.groups
    return numbers


def _chunks(lowering: Lowering, batch: int, workers: int) -> tuple[int, int]:
    """Return into how many tasks the packing of a channel is cut, and their lines.

    No more than what fits a first-level cache, and, where images are fewer than workers, no more
    than a worker's share: then it packs most of the lines whose results it computes.
    """
    lines = lowering.layers * lowering.lines
    most = PACK_ELEMENTS * lines // lowering.channel_pitch
    share = -(-lines * batch // workers)
    most = max(min(most, share), LEAST_LINES)
    chunks = -(-lines // most)
    return chunks, -(-lines // chunks)


def _stores_directly(lowering: Lowering, form: Form, problem: ConvolutionProblem) -> bool:
    """Return whether register tiles are stored directly to the result, rows equally far apart.

    Where a row of the result is shorter than a vector, that would be too many pieces.
    """
    epilogue, (part, *others) = problem.epilogue, lowering.parts
    plain = not epilogue.residual and epilogue.activation in (None, "relu")
    whole = part.counts[1:] == (lowering.axes[1].result, lowering.axes[2].result)
    channels = lowering.groups * lowering.result_channels // epilogue.shuffle
    even = epilogue.shuffle == 1 or channels % lowering.result_channels == 0
    long = lowering.pitch == part.counts[2] or part.counts[2] >= form.lanes
    return plain and even and whole and long and not others and not form.channels_in_lanes


def stages_of(numbers: dict[str, int]) -> int:
    """Return how many stages have something to do."""
    return 1 if numbers["pack_tasks"] + numbers["weight_tasks"] == 0 else 2


def skipping(numbers: dict[str, int]) -> dict[str, int]:
    """Return the numbers of a call that begins with the first stage that has something to do."""
    return {**numbers, "skipped": 2 - stages_of(numbers)}


def arrange(numbers: dict[str, int], workers: int) -> int:
    """Give every user of the workspace its place, and return the size of the whole."""
    results = numbers["tile_block"] * numbers["MR"] * numbers["scratch_pitch"]
    # And a row of zeros.
    numbers["scratch"] = whole_lines(results) + whole_lines(numbers["MR"])
    planes = numbers["planes"] + numbers["margin"]
    if numbers["whole_groups"] or numbers["strips"]:
        planes = workers * numbers["planes"]
    sizes = {
        "at_messages": 1,
        "at_planes": planes,
        "at_weights": numbers["packed"],
        "at_scratch": workers * numbers["scratch"],
        "at_panels": workers * numbers["panels"],
    }
    begins, size = in_turn(sizes)
    numbers |= begins
    return size
