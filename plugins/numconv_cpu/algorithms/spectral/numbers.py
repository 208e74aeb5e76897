"""The numbers that the kernels of `spectral` are told, by name."""

from __future__ import annotations

from ...kernel.records import RESULT

MOST_OUTLIERS = 64

# The record of an operand: how many outliers it has, or -1 if too many values are not finite; the
# exponent of the power of two that scales it; the norm of what is not an outlier, in scaled values,
# and in units of its largest value; then the outliers' indices, and their absolute values.
HEAD = 4
RECORD = HEAD + 2 * MOST_OUTLIERS

# The stages of a round: measure the operands; transform columns; transform the taps along the
# middle axis; all other axes forward, product, and back; transform columns back; finish.
MEASURE, FORWARD, MIDDLE, MULTIPLY, BACKWARD, FINISH = range(6)

AXES = ("outer", "middle", "inner")


def _along(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{axis}" for name in names for axis in AXES)


NUMBERS = (
    *RESULT,
    *_along("given", "seen", "kernel", "result"),
    *_along("shift"),  # from a result to the product that it is, counted from the first of all
    "kept_middle",  # products that are results
    "kept_inner",
    "kept_from_middle",  # the first of them
    "skipped_middle",  # results before them
    "skipped_inner",
    "first_seen",  # the first sample that any result uses
    "groups",
    "given_channels",  # in a group
    "result_channels",
    "filters",
    "items",  # groups of images
    "together",  # items of a round
    "planes",  # of an item
    "parts",  # real numbers of a value
    "terms",  # products that make a result, at most
    "lanes",
    "folded",  # whether a signal stands in a plane row by row
    "rows",  # lengths of the transforms: along the outer axis, in complex numbers
    "middles",
    "columns",
    "numbers",  # of all transforms together
    "sample_columns",  # that are not zeros
    "tap_columns",
    "result_columns",  # that are kept side by side, and the first of them
    "first_column",
    "pitch",  # of a plane's rows
    "apart",  # elements from a plane's real parts to its imaginary ones
    "plane",
    "layer",  # elements from one of its layers, along the outer axis, to the next
    "blocks",  # tasks that multiply
    "imaginary",  # elements from a line's real parts to its imaginary ones
    "line",
    "strip",  # vectors of columns that are transformed together
    "sample_strips",
    "tap_strips",
    "result_strips",
    "first_tap",  # the taps forwards or backwards
    "tap_step",
    "row_stride",  # of the weights, between result channels
    "channel_stride",
    "group_stride",
    "all_taps",  # whether every result has every tap, be it with a zero of the padding
    "piece",  # results of a row that are finished together
    "pieces_of_row",
    "all_pieces",  # of a plane
    "pieces",  # of a task
    "count_tasks",  # of a plane
    "most_exponent",
    "unit_bits",
    "kinds",  # stages of a round, and the table of what they do
    "at_kinds",
    "at_plane_offsets",  # table: where the plane of each result channel begins
    "at_stages_outer",  # tables: the stages of the transforms
    "at_stages_middle",
    "at_stages_inner",
    "at_row_twiddles",  # in the factors: those that make real products of complex ones
    "at_step_twiddles",  # between the two transforms of a folded signal: of each vector, lane
    "at_lane_twiddles",
    "record",  # elements of an operand's record, and of what `count_pieces` writes
    "count",
    "sums",
    "at_sample_records",
    "at_tap_records",
    "at_sums",
    "at_counts",
    "at_samples",
    "at_taps",
    "at_workers",
    "worker",  # elements of a worker's own memory, which begins with lines
    "own_scale",
    "own_measured",
    "own_no_outliers",
    "own_room",
)

LIMITS = (
    "share",  # of the product of the operands' norms: the least window sum of a result
    "most_products",  # to recompute results of a plane
)
