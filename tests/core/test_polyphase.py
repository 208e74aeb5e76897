"""The phases of strides, against taps and positions counted one by one."""

from __future__ import annotations

from itertools import product

import pytest

from numconv.core.polyphase import outputs_over, result_phases, sample_phases, spacing

EXTENTS = range(1, 8)
KERNELS = range(1, 10)


@pytest.mark.parametrize("stride", EXTENTS)
@pytest.mark.parametrize("dilation", EXTENTS)
def test_taps_a_period_apart_read_the_same_and_no_others_do(stride: int, dilation: int) -> None:
    unit, period, shift = spacing(stride, dilation)
    for k, o in product(range(1, 15), range(-15, 15)):
        # What tap 0 reads for output 0.
        assert (o * stride + k * dilation == 0) == (k % period == 0 and o == -(k // period) * shift)
        assert (o * stride + k * dilation) % unit == 0


@pytest.mark.parametrize("stride", EXTENTS)
@pytest.mark.parametrize("dilation", EXTENTS)
def test_phases_of_samples(stride: int, dilation: int) -> None:
    for kernel in KERNELS:
        found = sample_phases(kernel, stride, dilation)
        assert sorted(set(found.phases.tolist())) == list(range(found.remainders.size))
        assert found.remainders.tolist() == sorted({k * dilation % stride for k in range(kernel)})
        for k, o in product(range(kernel), range(4)):
            remainder = int(found.remainders[found.phases[k]])
            position = (o + int(found.offsets[k])) * stride + remainder
            assert position == o * stride + k * dilation
        taps = found.taps()
        assert sorted(taps[taps >= 0].tolist()) == list(range(kernel))
        assert all(taps[found.phases[k], found.offsets[k]] == k for k in range(kernel))


def _readers(position: int, kernel: int, stride: int, dilation: int) -> list[tuple[int, int]]:
    """Return the taps that read a position, and the outputs for which they do."""
    apart = [(k, position - k * dilation) for k in range(kernel)]
    return [(k, left // stride) for k, left in apart if left % stride == 0]


@pytest.mark.parametrize("stride", EXTENTS)
@pytest.mark.parametrize("dilation", EXTENTS)
def test_phases_of_results(stride: int, dilation: int) -> None:
    for kernel in KERNELS:
        for lo, results in product(range(-stride - 1, stride + 2), {1, stride}):
            found = result_phases(lo, results, kernel, stride, dilation)
            table_taps, table_outputs = found.table()
            assert table_taps.shape == table_outputs.shape == (results, found.most)
            assert results < stride or found.most == found.counts.max()
            for phase in range(results):
                taps, outputs = (each.tolist() for each in found.reads(phase))
                for j in range(3):
                    position = lo + phase + j * stride
                    expected = _readers(position, kernel, stride, dilation)
                    assert list(zip(taps, (o + j for o in outputs), strict=True)) == expected
                missing = table_taps.shape[1] - len(taps)
                assert table_taps[phase].tolist() == taps[::-1] + [-1] * missing
                assert table_outputs[phase].tolist() == outputs[::-1] + [0] * missing


def test_phases_of_no_results() -> None:
    found = result_phases(1, 0, 3, 2, 1)
    assert found.counts.size == 0
    assert [each.shape for each in found.table()] == [(0, 2), (0, 2)]


def test_phases_of_a_long_stride() -> None:
    found = result_phases(5, 3, 2, 2**40, 2**35)
    assert found.counts.tolist() == [0, 0, 0]
    found = result_phases(2**35, 2, 2, 2**40, 2**35)
    assert (found.counts.tolist(), found.first_taps.tolist()) == ([1, 0], [1, 0])


@pytest.mark.parametrize("stride", EXTENTS)
@pytest.mark.parametrize("dilation", EXTENTS)
def test_outputs_whose_windows_meet_a_range(stride: int, dilation: int) -> None:
    for kernel in KERNELS:
        reach = dilation * (kernel - 1)
        for first, length in product(range(-5, 20, 5), (1, 2, 7)):
            begin, end = outputs_over(first, first + length, kernel, stride, dilation)
            windows = ((o, range(o * stride, o * stride + reach + 1)) for o in range(-80, 40))
            met = [o for o, window in windows if window[0] < first + length and window[-1] >= first]
            # Where no window does, `begin` may be beyond `end`.
            assert list(range(begin, end)) == met
