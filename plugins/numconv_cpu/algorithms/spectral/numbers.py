"""The numbers that the kernels of `spectral` are told, by name."""

from __future__ import annotations

from ...kernel.records import RESULT

MOST_OUTLIERS = 64

# What is known of an operand is a record: how many outliers there are, or -1 if too many are not
# finite; the exponent of the scale; the norm of the rest in scaled values, and as a multiple of
# the largest of the rest; then each outlier's place, and each one's size.
HEAD = 4
RECORD = HEAD + 2 * MOST_OUTLIERS

# What stages do: know the operands, transform columns, the taps along a middle axis, all that is
# left and back, columns back, finish.
KNOW, FORWARD, MIDDLE, MULTIPLY, BACKWARD, FINISH = range(6)

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
    "first_seen",  # sample
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
    "piece",  # results of a row that are looked at together
    "pieces_of_row",
    "all_pieces",  # of a plane
    "pieces",  # of a task
    "count_tasks",  # of a plane
    "most_exponent",
    "unit_bits",
    "kinds",  # stages of a round, and the table of what they do
    "at_kinds",
    "at_places",  # table: where the plane of each result channel begins
    "at_stages_outer",  # tables: the stages of the transforms
    "at_stages_middle",
    "at_stages_inner",
    "at_twists",  # in the factors: those that make real products of complex ones
    "at_turns",  # those between the two transforms of a folded signal: of each vector, and lane
    "at_lane_turns",
    "record",  # elements of what is known of an operand, and of what is counted in pieces
    "count",
    "sums",
    "at_samples_known",
    "at_taps_known",
    "at_sums",
    "at_counts",
    "at_samples",
    "at_taps",
    "at_workers",
    "worker",  # elements of a worker's own memory, which begins with lines
    "own_scale",
    "own_found",
    "own_nothing",
    "own_room",
)

LIMITS = (
    "share",  # of the product of the operands' norms: what a result must see
    "most_products",  # that results which see less may take, all together
)
