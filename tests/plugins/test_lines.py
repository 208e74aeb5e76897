"""The formulas for padded axes against the tables that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numconv.core.geometry import PADDING_MODES, source_index

pytest.importorskip("numba", reason="Numba is not installed")

from numconv_cpu.kernel.axes import SHORT, forward_axis, gradient_axis
from numconv_cpu.kernel.padded_reads import (
    copies_of,
    copy_at,
    far_sample_at,
    line_at,
    readers_of,
    sample_at,
)
from numconv_cpu.kernel.padding import FAR, Copies, Lines, Readers
from numconv_cpu.runtime.compile import kernel
from numconv_cpu.simd.memory import pointer

SIZE = 7


@kernel
def _samples(axis: Any, line: int, start: int, found: Any) -> None:
    for p in range(found.size):
        found[p] = sample_at(line_at(pointer(axis), line, start), p)


@kernel
def _far_samples(axis: Any, found: Any) -> None:
    for p in range(found.size):
        found[p] = far_sample_at(pointer(axis), p)


@kernel
def _copies(axis: Any, sample: int, found: Any) -> int:
    copies = copies_of(pointer(axis), sample)
    count = copies[0] + copies[2] + copies[3]
    for index in range(count):
        found[index] = copy_at(pointer(axis), sample, copies, index)
    return count


@kernel
def _readers(axis: Any, position: int) -> Any:
    return readers_of(pointer(axis), position)


def table(axis: Any) -> np.ndarray:
    """Return which sample stands at each position of each slot, as the kernels see it."""
    found = np.empty((axis.phases, axis.length), np.int64)
    for phase in range(axis.phases):
        _samples(axis.lines.numbers(), phase, 0, found[phase])
    return found


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize(("step", "lo", "hi"), [(1, 3, 2), (2, 6, 5), (3, 0, 6), (5, 4, 0)])
def test_a_line_is_the_padded_axis(mode: str, step: int, lo: int, hi: int) -> None:
    padded = source_index(SIZE, lo, hi, mode)
    lines = Lines(np.arange(step) - lo, step, SIZE, SIZE + hi, mode)
    for line in range(step):
        due = padded[line::step]
        found = np.empty(due.size + 3, np.int64)
        _samples(lines.numbers(), line, 0, found)
        # Behind the padding there is nothing.
        assert found.tolist() == [*due.tolist(), -1, -1, -1]
        _samples(lines.numbers(), line, 1, found)
        assert found[: due.size - 1].tolist() == due[1:].tolist()
        first, last = lines.runs(due.size)[line].tolist()
        inside = (np.arange(due.size) * step + line >= lo) & (
            np.arange(due.size) * step + line < lo + SIZE
        )
        assert np.flatnonzero(inside).tolist() == list(range(first, last))
        filled = lines.filled(due.size)[line].tolist()
        assert np.flatnonzero(due >= 0).tolist() == list(range(*filled))


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_padding_may_repeat_itself(mode: str, size: int) -> None:
    lines = Lines(np.array([-12]), 1, size, size + 13, mode)
    found = np.empty(25 + size, np.int64)
    _far_samples(lines.numbers(), found)
    assert found.tolist() == source_index(size, 12, 13, mode).tolist()


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_pieces_are_all_but_the_run(mode: str, step: int) -> None:
    lines = Lines(np.arange(step) - 5, step, SIZE, SIZE + 4, mode)
    length = -(-(5 + SIZE + 4) // step)
    runs = lines.runs(length)
    runs[:, 1] = np.maximum(runs[:, 1] - 1, runs[:, 0])
    due = {
        (line, p, int(sample))
        for line in range(step)
        for p, sample in enumerate(source_index(SIZE, 5, 4, mode)[line::step])
        if sample >= 0 and not runs[line, 0] <= p < runs[line, 1]
    }
    found = [
        (line, p + i, sample + i * apart)
        for line, p, count, sample, apart in lines.pieces(length, runs).tolist()
        for i in range(count)
    ]
    assert len(found) == len(due)
    assert set(found) == due


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize(("size", "lo", "hi"), [(7, 3, 2), (7, 6, 6), (4, 0, 3), (5, 2, -2)])
def test_copies_are_where_the_padding_repeats_a_sample(
    mode: str, size: int, lo: int, hi: int
) -> None:
    padded, copies = source_index(size, lo, hi, mode), Copies(size, lo, hi, mode)
    for sample in range(size):
        room = np.empty(padded.size + 1, np.int64)
        count = _copies(copies.numbers(), sample, room)
        assert sorted(room[:count].tolist()) == np.flatnonzero(padded == sample).tolist()
        first, last = copies.single
        if first <= sample < last:
            assert room[:count].tolist() == [lo + sample]


@pytest.mark.parametrize(
    ("stride", "dilation"), [(1, 1), (2, 1), (1, 3), (4, 6), (5, 2), (2**33, 1)]
)
def test_readers_are_the_taps_that_meet_a_position(stride: int, dilation: int) -> None:
    outputs, taps = 4, 5
    numbers = Readers(outputs, taps, stride, dilation).numbers()
    met: dict[int, list[tuple[int, int]]] = {}
    for tap in range(taps):
        for output in range(outputs):
            met.setdefault(output * stride + tap * dilation, []).append((tap, output))
    for position in (*range(-2, 40), stride, 2 * stride + 1):
        tap, output, count = _readers(numbers, position)
        found = [(tap + i * int(numbers[4]), output - i * int(numbers[5])) for i in range(count)]
        assert found == met.get(position, []), position


def test_slots_that_are_hardly_read_have_the_taps_apart() -> None:
    dilation = 10 * SHORT
    axis = forward_axis(9, 5, 1, dilation, 2 * dilation, 9, "zeros")
    assert axis.length == axis.count == 9
    # The four taps that meet no sample share one slot.
    assert axis.phases == 2
    read = table(axis)[axis.parts[0].taps[:, 1]]
    assert read[2].tolist() == list(range(9))
    assert (np.delete(read, 2, 0) == -1).all()


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize("stride", [1, 3])
def test_apart_taps_read_what_they_read_together(mode: str, stride: int) -> None:
    axis = forward_axis(50, 3, stride, 7, 9, 15, mode)
    apart = axis.by_taps()
    assert (axis.reach > 0) == (apart.reach == 0)
    for one, other in zip(axis.parts[0].taps, apart.parts[0].taps, strict=True):
        together = table(axis)[one[1], one[2] : one[2] + 15]
        assert table(apart)[other[1]].tolist() == together.tolist()


def test_gradients_of_far_taps_hold_no_more_than_they_read() -> None:
    axis = gradient_axis(11, 3, 2, 10**6, 10**6, 9)
    assert axis.phases * axis.length <= 6 * 6 + SHORT
    assert gradient_axis(11, 3, 2, 3, 4, 9).lines.end < FAR
